import type { ManagedFieldsEntry } from '../../kinds/types.ts'
import { decodeRoot, FieldSet } from './field-set.ts'

/** Who owns which fields: one entry of metadata.managedFields, read. */
export interface Ownership {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  /** '' for the object itself. */
  readonly subresource: string
  readonly time: string
  readonly fields: FieldSet
}

export function readOwnerships(
  entries: readonly ManagedFieldsEntry[] | undefined,
): readonly Ownership[] {
  return (entries ?? []).map((entry) => ({
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion ?? '',
    subresource: entry.subresource ?? '',
    time: entry.time ?? '',
    fields: decodeRoot(entry.fieldsV1),
  }))
}

/** Entries in Kubernetes' order: appliers first, then by time and name. Empty ones are left out. */
export function writeOwnerships(ownerships: readonly Ownership[]): ManagedFieldsEntry[] {
  return ownerships
    .filter((one) => !one.fields.isEmpty)
    .sort(
      (left, right) =>
        compareText(left.operation, right.operation) ||
        compareText(left.time, right.time) ||
        compareText(left.manager, right.manager),
    )
    .map((one) => ({
      manager: one.manager,
      operation: one.operation,
      apiVersion: one.apiVersion,
      ...(one.time === '' ? {} : { time: one.time }),
      fieldsType: 'FieldsV1',
      fieldsV1: one.fields.encode() as NonNullable<ManagedFieldsEntry['fieldsV1']>,
      ...(one.subresource === '' ? {} : { subresource: one.subresource }),
    }))
}

export function isSameManager(
  one: Ownership,
  other: Pick<Ownership, 'manager' | 'operation' | 'apiVersion' | 'subresource'>,
): boolean {
  return (
    one.manager === other.manager &&
    one.operation === other.operation &&
    one.apiVersion === other.apiVersion &&
    one.subresource === other.subresource
  )
}

/** Fields that the server sets: nobody owns them. */
const unowned = new FieldSet(
  false,
  new Map([
    ['f:apiVersion', new FieldSet(true)],
    ['f:kind', new FieldSet(true)],
    [
      'f:metadata',
      new FieldSet(
        true,
        new Map(
          [
            'name',
            'namespace',
            'creationTimestamp',
            'selfLink',
            'uid',
            'generation',
            'managedFields',
            'resourceVersion',
            'generateName',
          ].map((name) => [`f:${name}`, new FieldSet(true)]),
        ),
      ),
    ],
  ]),
)

/**
 * The part of a set that a writer can own: without what the server sets, and only the status through
 * /status, all but the status otherwise.
 */
export function ownable(fields: FieldSet, subresource: string): FieldSet {
  const children = new Map(withoutServerFields(fields).children)
  const status = children.get('f:status')
  if (subresource === 'status')
    return new FieldSet(false, status ? new Map([['f:status', status]]) : new Map())
  children.delete('f:status')
  return new FieldSet(false, children)
}

function withoutServerFields(fields: FieldSet): FieldSet {
  const children = new Map(fields.children)
  for (const [element, own] of unowned.children) {
    const child = children.get(element)
    if (!child) continue
    if (own.children.size === 0) children.delete(element)
    else {
      const rest = new Map([...child.children].filter(([name]) => !own.children.has(name)))
      if (rest.size === 0) children.delete(element)
      else children.set(element, new FieldSet(false, rest))
    }
  }
  return new FieldSet(false, children)
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
