import { assert, present } from '../base/assert.ts'
import { schemaTables } from './schema/tables.ts'

/**
 * The schema table: every Kubernetes field named once. Files in ./schema hold it as text, a
 * definition a block, a field a line:
 *
 *   definition io.k8s.api.core.v1.PodSpec | What this object is.
 *     containers 2 []Container! list=map:name patch=merge:name | What this field is.
 *
 * that is name, protobuf number (`-` none, `2/1`: number 1 in the sub-message numbered 2 that Go
 * inlines), type (`[]T` list, `{}T` map with string keys, `!` required), then options: list=atomic,
 * list=set, list=map:KEYS, map=granular, patch=STRATEGY+STRATEGY:MERGEKEY, enum=A,B,
 * default=JSON, immutable, pointer (Go keeps absent and zero apart), wrapped (a list that is a message
 * of its own). Of a definition: gvk=GROUP/VERSION/KIND,… (`*`: every group), as=NAME (its name in the
 * table when another has its last part), atomic.
 */

/**
 * Types without fields. Time and microTime are RFC 3339 text, bytes base64 text; raw and json are
 * free-form JSON; schemaOrBool, schemaOrArray and schemaOrStrings are a JSONSchemaProps, or what
 * their name says.
 */
export type ScalarType =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bytes'
  | 'quantity'
  | 'intOrString'
  | 'time'
  | 'microTime'
  | 'fieldsV1'
  | 'raw'
  | 'json'
  | 'schemaOrArray'
  | 'schemaOrBool'
  | 'schemaOrStrings'

export type ValueType =
  | { readonly is: 'scalar'; readonly scalar: ScalarType }
  | { readonly is: 'object'; readonly definition: string }
  | { readonly is: 'list'; readonly of: ValueType }
  | { readonly is: 'map'; readonly of: ValueType }

export type ListType = 'atomic' | 'set' | 'map'

export interface Field {
  readonly name: string
  /** Protobuf field number; 0 when the field never travels in protobuf. */
  readonly number: number
  /** Numbers of the sub-messages that Go inlines and that hold this field, outermost first. */
  readonly inside: readonly number[]
  readonly type: ValueType
  readonly required: boolean
  /** `x-kubernetes-list-type` and `-list-map-keys`. */
  readonly listType: ListType | undefined
  readonly listKeys: readonly string[]
  readonly mapType: 'atomic' | 'granular' | undefined
  /** `x-kubernetes-patch-strategy`, split at its commas, and `-patch-merge-key`. */
  readonly patchStrategies: readonly PatchStrategy[]
  readonly mergeKey: string | undefined
  readonly enum: readonly string[] | undefined
  /** JSON value; copy before use. Undefined when the field has none. */
  readonly default: unknown
  readonly immutable: boolean
  /**
   * Go holds a pointer: a zero that arrives in protobuf was meant, and nothing is written where there is
   * nothing. Otherwise a zero means absent, and absent is written as zero.
   */
  readonly pointer: boolean
  /** The list travels as one message that holds its items. */
  readonly wrapped: boolean
  readonly description: string
}

export type PatchStrategy = 'merge' | 'replace' | 'retainKeys'

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface Definition {
  /** Full name, such as `io.k8s.api.core.v1.PodSpec`. */
  readonly name: string
  /** Last part of the name, as Go calls it: `PodSpec`. Several groups may have one. */
  readonly shortName: string
  /** As shortName, and unique in the table: `EventsV1Event`. */
  readonly typeName: string
  readonly description: string
  readonly mapType: 'atomic' | undefined
  /** Kinds that bodies of this definition may name; empty for parts of objects. */
  readonly kinds: readonly GroupVersionKind[]
  /** True for bodies that every group accepts (DeleteOptions, WatchEvent). */
  readonly everyGroup: boolean
  /** Sorted by name. */
  readonly fields: readonly Field[]
  readonly byName: ReadonlyMap<string, Field>
}

const scalars: ReadonlySet<string> = new Set<ScalarType>([
  'string',
  'bool',
  'int32',
  'int64',
  'double',
  'bytes',
  'quantity',
  'intOrString',
  'time',
  'microTime',
  'fieldsV1',
  'raw',
  'json',
  'schemaOrArray',
  'schemaOrBool',
  'schemaOrStrings',
])

/** What the scalars schemaOrBool, schemaOrArray and schemaOrStrings may be. */
export const schemaPropsName =
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'

/** The definition of that full name, which must be in the table. */
export function definition(name: string): Definition {
  return present(byFullName.get(name), `schema definition ${name}`)
}

export function findDefinition(name: string): Definition | undefined {
  return byFullName.get(name)
}

/** What bodies of that kind are, list kinds included; undefined for one that is not in the table. */
export function definitionOfKind(type: {
  readonly apiVersion: string
  readonly kind: string
}): Definition | undefined {
  byKind ??= kindIndex()
  return byKind.get(`${type.apiVersion} ${type.kind}`) ?? byKind.get(type.kind)
}

let byKind: ReadonlyMap<string, Definition> | undefined

/** By apiVersion and kind; by kind alone what every group takes. */
function kindIndex(): ReadonlyMap<string, Definition> {
  return new Map(
    allDefinitions().flatMap((one): [string, Definition][] => [
      ...(one.everyGroup ? [[one.shortName, one] as [string, Definition]] : []),
      ...one.kinds.map(({ group, version, kind }): [string, Definition] => [
        `${group === '' ? version : `${group}/${version}`} ${kind}`,
        one,
      ]),
    ]),
  )
}

/** Every definition, sorted by full name. */
export function allDefinitions(): readonly Definition[] {
  return [...byFullName.values()]
}

/** The definition of an object-typed value, list element or map value; undefined for scalars. */
export function elementDefinition(type: ValueType): Definition | undefined {
  if (type.is === 'object') return definition(type.definition)
  return type.is === 'scalar' ? undefined : elementDefinition(type.of)
}

/**
 * Finds the blocks and reads their first lines only; the fields of a definition are read when
 * somebody first asks for them, so that a start costs a few milliseconds.
 */
function readTables(texts: readonly string[]): ReadonlyMap<string, Definition> {
  const fullNames = new Map<string, string>()
  const read = texts
    .flatMap((text) => text.trim().split(/\n\n+/))
    .map((block) => new TableDefinition(block, fullNames))
  for (const { name, typeName } of read) {
    assert(!fullNames.has(typeName), `schema: two definitions are called ${typeName}`)
    fullNames.set(typeName, name)
  }
  read.sort((a, b) => (a.name < b.name ? -1 : 1))
  return new Map(read.map((entry) => [entry.name, entry]))
}

class TableDefinition implements Definition {
  readonly name: string
  readonly shortName: string
  readonly typeName: string
  readonly description: string
  readonly mapType: 'atomic' | undefined
  readonly kinds: readonly GroupVersionKind[]
  readonly everyGroup: boolean
  readonly #fullNames: ReadonlyMap<string, string>
  #fieldLines: string
  #fields: readonly Field[] | undefined
  #byName: ReadonlyMap<string, Field> | undefined

  /** `fullNames` by type name need not be complete before the fields are asked for. */
  constructor(block: string, fullNames: ReadonlyMap<string, string>) {
    const headEnd = block.indexOf('\n')
    const head = headEnd < 0 ? block : block.slice(0, headEnd)
    const [words, description] = splitLine(head)
    const gvk = optionOf(words, 'gvk')
    assert(words[0] === 'definition', `schema: no definition begins with ${head}`)
    this.name = words[1] ?? ''
    this.shortName = lastPart(this.name)
    this.typeName = optionOf(words, 'as') ?? this.shortName
    this.description = description
    this.mapType = words.includes('atomic') ? 'atomic' : undefined
    this.kinds = gvk === undefined || gvk === '*' ? [] : gvk.split(',').map(readKind)
    this.everyGroup = gvk === '*'
    this.#fullNames = fullNames
    this.#fieldLines = headEnd < 0 ? '' : block.slice(headEnd + 1)
  }

  get fields(): readonly Field[] {
    if (this.#fields) return this.#fields
    const lines = this.#fieldLines === '' ? [] : this.#fieldLines.split('\n')
    this.#fields = lines.map((line) => readField(line, this.#fullNames))
    this.#fieldLines = ''
    return this.#fields
  }

  get byName(): ReadonlyMap<string, Field> {
    this.#byName ??= new Map(this.fields.map((field) => [field.name, field]))
    return this.#byName
  }
}

function readKind(text: string): GroupVersionKind {
  const [group = '', version = '', kind = ''] = text.split('/')
  return { group, version, kind }
}

function readField(line: string, fullNames: ReadonlyMap<string, string>): Field {
  const [[name = '', number = '', type = '', ...words], description] = splitLine(line)
  const option = (key: string): string | undefined => optionOf(words, key)
  const [listType, listKeys] = (option('list') ?? '').split(':')
  const [strategies, mergeKey] = (option('patch') ?? '').split(':')
  const numbers = number.split('/')
  const own = numbers.pop()
  const defaultText = option('default')
  return {
    name,
    number: own === '-' ? 0 : Number(own),
    inside: numbers.map(Number),
    type: readType(type.replace(/!$/, ''), fullNames),
    required: type.endsWith('!'),
    listType: (listType || undefined) as ListType | undefined,
    listKeys: listKeys ? listKeys.split(',') : [],
    mapType: option('map') as Field['mapType'],
    patchStrategies: (strategies ? strategies.split('+') : []) as PatchStrategy[],
    mergeKey,
    enum: option('enum')?.split(','),
    default: defaultText === undefined ? undefined : JSON.parse(defaultText),
    immutable: words.includes('immutable'),
    pointer: words.includes('pointer'),
    wrapped: words.includes('wrapped'),
    description,
  }
}

function optionOf(words: readonly string[], key: string): string | undefined {
  return words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1)
}

function readType(text: string, fullNames: ReadonlyMap<string, string>): ValueType {
  if (text.startsWith('[]')) return { is: 'list', of: readType(text.slice(2), fullNames) }
  if (text.startsWith('{}')) return { is: 'map', of: readType(text.slice(2), fullNames) }
  if (scalars.has(text)) return { is: 'scalar', scalar: text as ScalarType }
  return { is: 'object', definition: present(fullNames.get(text), `schema definition ${text}`) }
}

function splitLine(line: string): [string[], string] {
  const bar = line.indexOf(' | ')
  const facts = bar < 0 ? line : line.slice(0, bar)
  return [facts.trim().split(/ +/), bar < 0 ? '' : line.slice(bar + 3)]
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

const byFullName = readTables(schemaTables)
