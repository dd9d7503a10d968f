import type { AnyObject, Kind } from '../../../kinds/kind.ts'
import { groupVersion } from '../../errors.ts'
import type { AdmittedOperation, Attributes, ObjectKind } from '../../handlers/resource-context.ts'

export interface KindName {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface ResourceName {
  readonly group: string
  readonly version: string
  readonly resource: string
}

/** What the objects of a request are. */
export function objectKindOf({
  context,
  objectKind,
  seenAs,
}: Attributes): ObjectKind & Pick<Kind, 'custom'> {
  return objectKind ?? seenAs ?? context.kind
}

function kindName({ group, version, kind }: ObjectKind): KindName {
  return { group, version, kind }
}

export function resourceName({ group, version, resource }: Kind): ResourceName {
  return { group, version, resource }
}

/** Name of the object; a new one may not have any yet. */
export function nameOf({ context, object, old, name }: Attributes): string {
  return name ?? object?.metadata.name ?? old?.metadata.name ?? context.info.name
}

/** As a refusal calls the object (apiserver pkg/admission/errors.go extractResourceName). */
export function shownNameOf(attributes: Attributes): string {
  return nameOf(attributes) || attributes.object?.metadata.generateName || 'Unknown'
}

/** A new namespace is in itself; where its name is made up only later, in none. */
function namespaceOf({ context, object }: Attributes): string {
  const { kind, info } = context
  if (info.namespace !== '' || kind.group !== '' || kind.resource !== 'namespaces')
    return info.namespace
  return object?.metadata.generateName ? '' : (object?.metadata.name ?? '')
}

const optionsKinds: ReadonlyMap<AdmittedOperation, string> = new Map([
  ['CREATE', 'CreateOptions'],
  ['UPDATE', 'UpdateOptions'],
])

/** What a write may say of itself, in the order of its options' fields. */
const writeOptions = ['fieldManager', 'fieldValidation']

/**
 * The options of what is done, as an object of meta.k8s.io/v1: a patch is an update, or a creation
 * (apiserver pkg/endpoints/handlers/patch.go patchToUpdateOptions).
 */
function optionsOf({ context, operation, dryRun, requestOptions }: Attributes): object | null {
  if (requestOptions !== undefined) return requestOptions
  const { query } = context.info
  const given = writeOptions.map((name) => [name, query.get(name) ?? ''] as const)
  return {
    kind: optionsKinds.get(operation) ?? 'DeleteOptions',
    apiVersion: 'meta.k8s.io/v1',
    ...(dryRun ? { dryRun: ['All'] } : {}),
    ...Object.fromEntries(given.filter(([, value]) => value !== '')),
  }
}

/** The `request` of an AdmissionReview, without uid and objects; expressions see the same. */
export function requestOf(attributes: Attributes) {
  const { context, operation, dryRun } = attributes
  const { kind, info, user } = context
  const { objectKind = kind, seenAs = kind } = attributes
  const sub = info.subresource
  const [name, namespace] = [nameOf(attributes), namespaceOf(attributes)]
  return {
    kind: kindName(objectKindOf(attributes)),
    resource: resourceName(seenAs),
    ...(sub === '' ? {} : { subResource: sub }),
    requestKind: kindName(objectKind),
    requestResource: resourceName(kind),
    ...(sub === '' ? {} : { requestSubResource: sub }),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid === '' ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra ? { extra: user.extra } : {}),
    },
    dryRun,
    options: optionsOf(attributes),
  }
}

/** An object as webhooks and expressions get it: with apiVersion and kind. */
export function shownObject(
  attributes: Attributes,
  object: AnyObject | undefined,
): AnyObject | null {
  if (!object) return null
  const kind = objectKindOf(attributes)
  if (attributes.operation === 'CONNECT') {
    const { metadata: _none, ...options } = object
    return { ...options, apiVersion: groupVersion(kind), kind: kind.kind } as AnyObject
  }
  return { ...object, apiVersion: groupVersion(kind), kind: kind.kind }
}
