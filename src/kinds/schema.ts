import { assert, present } from '../base/assert.ts'
import { containerTable } from './schema/container.ts'
import { metaTable } from './schema/meta.ts'
import { networkingTable } from './schema/networking.ts'
import { nodeTable } from './schema/node.ts'
import { podTable } from './schema/pod.ts'
import { resourcesTable } from './schema/resources.ts'
import { reviewsTable } from './schema/reviews.ts'
import { volumesTable } from './schema/volumes.ts'
import { workloadsTable } from './schema/workloads.ts'

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
 * default=JSON, immutable, pointer (Go keeps absent and zero apart). Of a definition: gvk=GROUP/VERSION/KIND,… (`*`: every group), atomic.
 */

/** Types without fields. Time and microTime are RFC 3339 text, bytes base64 text. */
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
  /** Number of the sub-message that Go inlines and that holds this field; 0 for none. */
  readonly inside: number
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
  /** Go holds a pointer: a zero that arrives in protobuf was meant. Otherwise it means absent. */
  readonly pointer: boolean
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
  /** Last part of the name: `PodSpec`. Unique in the table. */
  readonly shortName: string
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
])

const tables = [
  containerTable,
  metaTable,
  networkingTable,
  nodeTable,
  podTable,
  resourcesTable,
  reviewsTable,
  volumesTable,
  workloadsTable,
]

const byFullName = readTables(tables)

/** The definition of that full name, which must be in the table. */
export function definition(name: string): Definition {
  return present(byFullName.get(name), `schema definition ${name}`)
}

export function findDefinition(name: string): Definition | undefined {
  return byFullName.get(name)
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

function readTables(texts: readonly string[]): ReadonlyMap<string, Definition> {
  const blocks = texts.flatMap((text) => text.trim().split(/\n\n+/))
  const fullNames = new Map<string, string>()
  for (const block of blocks) {
    const name = present(/^definition (\S+)/.exec(block)?.[1], 'name of a schema definition')
    const short = lastPart(name)
    assert(!fullNames.has(short), `schema: two definitions are called ${short}`)
    fullNames.set(short, name)
  }
  const read = blocks.map((block) => readDefinition(block, fullNames))
  read.sort((a, b) => (a.name < b.name ? -1 : 1))
  return new Map(read.map((entry) => [entry.name, entry]))
}

function readDefinition(block: string, fullNames: ReadonlyMap<string, string>): Definition {
  const [head = '', ...lines] = block.split('\n')
  const [words, description] = splitLine(head)
  const name = words[1] ?? ''
  const gvk = words.find((word) => word.startsWith('gvk='))?.slice(4)
  const fields = lines.map((line) => readField(line, fullNames))
  return {
    name,
    shortName: lastPart(name),
    description,
    mapType: words.includes('atomic') ? 'atomic' : undefined,
    kinds: gvk === undefined || gvk === '*' ? [] : gvk.split(',').map(readKind),
    everyGroup: gvk === '*',
    fields,
    byName: new Map(fields.map((field) => [field.name, field])),
  }
}

function readKind(text: string): GroupVersionKind {
  const [group = '', version = '', kind = ''] = text.split('/')
  return { group, version, kind }
}

function readField(line: string, fullNames: ReadonlyMap<string, string>): Field {
  const [[name = '', number = '', type = '', ...words], description] = splitLine(line)
  const option = (key: string): string | undefined =>
    words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1)
  const [listType, listKeys] = (option('list') ?? '').split(':')
  const [strategies, mergeKey] = (option('patch') ?? '').split(':')
  const [inside, own] = number.includes('/') ? number.split('/') : ['0', number]
  const defaultText = option('default')
  return {
    name,
    number: own === '-' ? 0 : Number(own),
    inside: Number(inside),
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
    description,
  }
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
