import type { AnyObject, Column, FieldError, Kind, Subresource, Verb } from './kind.ts'
import { age, nameOf } from './print.ts'

/** What differs from kind to kind; `defineKind` fills in the rest. */
export type KindFacts = Pick<Kind, 'kind' | 'resource' | 'singular' | 'definition'> &
  Partial<Kind> & { readonly hasStatus?: boolean }

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

const nameAndAge: readonly Column[] = [
  column('Name', 'string', 'Name of the object, unique in its namespace.', { format: 'name' }),
  column('Age', 'string', 'Time since the object was created.'),
]

const noErrors = (): FieldError[] => []

/** A kind with the usual verbs, no rules of its own, and Name and Age as columns. */
export function defineKind(facts: KindFacts): Kind {
  const { hasStatus = false, ...rest } = facts
  return {
    group: '',
    version: 'v1',
    listKind: `${facts.kind}List`,
    shortNames: [],
    categories: [],
    namespaced: true,
    verbs: allVerbs,
    subresources: [],
    countsGeneration: false,
    unconditionalUpdate: true,
    createOnUpdate: false,
    defaultPropagation: 'Background',
    prepareCreate: hasStatus ? dropStatus : () => undefined,
    prepareUpdate: hasStatus ? keepStatus : () => undefined,
    prepareStatusUpdate: keepAllButStatus,
    validateCreate: noErrors,
    validateUpdate: noErrors,
    validateStatusUpdate: noErrors,
    selectableFields: () => new Map(),
    selectableFieldNames: [],
    columns: nameAndAge,
    row: (object, nowMs) => [nameOf(object), age(object, nowMs)],
    ...rest,
  }
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

/** A write to /status changes the status and nothing else, managedFields aside. */
export function keepAllButStatus(object: AnyObject, old: AnyObject): void {
  const { status, metadata } = object
  for (const field of Object.keys(object)) if (field !== 'status') delete object[field]
  for (const [field, value] of Object.entries(old)) if (field !== 'status') object[field] = value
  object.metadata = {
    ...old.metadata,
    resourceVersion: metadata.resourceVersion,
    managedFields: metadata.managedFields,
  }
  if (status === undefined) delete object['status']
}
