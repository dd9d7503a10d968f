import { applySchemaDefaults } from './defaults.ts'
import type { AnyObject, Column, FieldError, Kind, Subresource, Verb } from './kind.ts'
import { age, nameOf } from './print.ts'
import { type Definition, definition, type ValueType } from './schema.ts'
import { immutableErrors } from './validation/immutable.ts'
import { type NameRule, validateMeta, validateMetaUpdate } from './validation/object-meta.ts'
import { validateSchema } from './validation/validate-schema.ts'

/** What differs from kind to kind; `defineKind` fills in the rest. */
export type KindFacts = Pick<Kind, 'kind' | 'resource' | 'singular' | 'definition'> &
  Partial<Kind> & {
    readonly hasStatus?: boolean
    /** Rule of metadata.name; a DNS subdomain when left out. */
    readonly nameRule?: NameRule
    /** Finalizers need no domain. */
    readonly anyFinalizer?: boolean
    /** Paths that the kind's own rules judge: what the table demands of them is left to those. */
    readonly judgedByItself?: RegExp
  }

const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]

/**
 * A kind with the usual verbs, and Name and Age as columns. Its validations check the metadata and
 * what the schema table demands of every field but metadata and status; the functions in `facts`
 * add the kind's own rules.
 */
export function defineKind(facts: KindFacts): Kind {
  const { hasStatus = false, nameRule, anyFinalizer, judgedByItself, ...rest } = facts
  const namespaced = facts.namespaced ?? true
  // The table is read when a kind is first used, not when this file is.
  const schema = () => definition(facts.definition)
  const demanded = (object: AnyObject) => {
    const errors = schemaErrors(facts.definition, object)
    return judgedByItself ? errors.filter(({ field }) => !judgedByItself.test(field)) : errors
  }
  return {
    group: '',
    version: 'v1',
    listKind: `${facts.kind}List`,
    shortNames: [],
    categories: [],
    namespaced,
    verbs: allVerbs,
    subresources: [],
    countsGeneration: false,
    generationFields: ['spec'],
    unconditionalUpdate: true,
    createOnUpdate: false,
    defaultPropagation: 'Background',
    parts: new Map(),
    statusKeeps: [],
    selectableFields: () => new Map(),
    selectableFieldNames: [],
    columns: [nameColumn, ageColumn],
    row: (object, nowMs) => [nameOf(object), age(object, nowMs)],
    ...rest,
    prepareCreate: (object) => {
      if (facts.prepareCreate) facts.prepareCreate(object)
      else if (hasStatus) dropStatus(object)
      fillStatus(schema(), object)
    },
    prepareUpdate: (object, old) => {
      if (facts.prepareUpdate) facts.prepareUpdate(object, old)
      else if (hasStatus) keepStatus(object, old)
      fillStatus(schema(), object)
    },
    prepareStatusUpdate: (object, old, nowMs) => {
      if (facts.prepareStatusUpdate) facts.prepareStatusUpdate(object, old, nowMs)
      else keepAllButStatus(object, old, facts.statusKeeps)
      fillStatus(schema(), object)
    },
    validateCreate: (object) => [
      ...validateMeta(object.metadata, { namespaced, nameRule, anyFinalizer }),
      ...demanded(object),
      ...(facts.validateCreate?.(object) ?? []),
    ],
    validateUpdate: (object, old) => [
      ...validateMetaUpdate(object.metadata, old.metadata, { anyFinalizer }),
      ...demanded(object),
      ...immutableErrors(schema(), object, old),
      ...(facts.validateUpdate?.(object, old) ?? []),
    ],
    validateStatusUpdate: (object, old) => [
      ...validateMetaUpdate(object.metadata, old.metadata, { anyFinalizer }),
      ...(facts.validateStatusUpdate?.(object, old) ?? []),
    ],
  }
}

/**
 * A status is a struct in Go, written even when it is empty; clients in other languages reach into it
 * without asking whether it is there.
 */
function fillStatus(schema: Definition, object: AnyObject): void {
  const field = schema.byName.get('status')
  if (field?.type.is !== 'object') return
  object['status'] ??= {}
  const status = object['status'] as Record<string, unknown>
  const parts = definition(field.type.definition)
  applySchemaDefaults(parts, status)
  fillZeros(parts, status, false)
}

/** What must be there is there at zero, too, such as a number of replicas, or the type of a condition. */
function fillZeros({ fields }: Definition, record: Record<string, unknown>, withText = true): void {
  for (const { name, type, required } of fields) {
    const value = record[name]
    if (value !== undefined && value !== null) fillBelow(type, value)
    else if (required && type.is === 'scalar' && (withText || type.scalar !== 'string')) {
      const zero = zeros.get(type.scalar)
      if (zero !== undefined) record[name] = zero
    }
  }
}

function fillBelow(type: ValueType, value: unknown): void {
  if (type.is === 'object') fillZeros(definition(type.definition), value as Record<string, unknown>)
  else if (type.is === 'list' && type.of.is === 'object')
    for (const item of value as Record<string, unknown>[])
      fillZeros(definition(type.of.definition), item)
}

const zeros: ReadonlyMap<string, number | boolean | string> = new Map<
  string,
  number | boolean | string
>([
  ['int32', 0],
  ['int64', 0],
  ['bool', false],
  ['string', ''],
])

/** Metadata has messages of its own; a status is what its controller says. */
function schemaErrors(definitionName: string, object: AnyObject): FieldError[] {
  const { metadata: _metadata, status: _status, ...rest } = object
  return validateSchema(definition(definitionName), rest, '').filter(
    ({ field }) => field !== 'metadata',
  )
}

/** A column of a table; `wide` ones show with -o wide only. */
export function column(
  name: string,
  type: string,
  description: string,
  more: { readonly format?: string; readonly wide?: boolean } = {},
): Column {
  return { name, type, format: more.format ?? '', description, priority: more.wide ? 1 : 0 }
}

export const nameColumn: Column = column('Name', 'string', 'Name, unique among its kind.', {
  format: 'name',
})
export const ageColumn: Column = column('Age', 'string', 'Time since the object was created.')

/** A subresource whose bodies are of the kind named. */
export function subresource(
  name: string,
  kind: string,
  verbs: readonly string[],
  group = '',
  version = 'v1',
): Subresource {
  return { name, kind, group, version, verbs }
}

/** New objects have no status yet: only writes to /status set it. */
export function dropStatus(object: AnyObject): void {
  delete object['status']
}

/** A write to the main path leaves the status as it was. */
export function keepStatus(object: AnyObject, old: AnyObject): void {
  if (old['status'] === undefined) delete object['status']
  else object['status'] = old['status']
}

/** Only the server sets them. */
const serverMembers = [
  ...['name', 'namespace', 'uid', 'generation', 'selfLink'],
  ...['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'],
]

/** A write to /status changes the status and what of metadata the kind does not keep. */
export function keepAllButStatus(
  object: AnyObject,
  old: AnyObject,
  keeps: Kind['statusKeeps'] = [],
): void {
  const { status, metadata } = object
  for (const field of Object.keys(object)) if (field !== 'status') delete object[field]
  for (const [field, value] of Object.entries(old)) if (field !== 'status') object[field] = value
  const { resourceVersion, managedFields } = metadata
  const kept = keeps === 'all' ? Object.keys(old.metadata) : [...serverMembers, ...keeps]
  const before = old.metadata as Readonly<Record<string, unknown>>
  object.metadata = {
    ...(keeps === 'all' ? {} : metadata),
    ...Object.fromEntries(kept.map((name) => [name, before[name]])),
    ...{ resourceVersion, managedFields },
  }
  if (status === undefined) delete object['status']
}
