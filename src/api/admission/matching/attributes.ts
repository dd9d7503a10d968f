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
export function nameOf({ context, object, old }: Attributes): string {
  return object?.metadata.name ?? old?.metadata.name ?? context.info.name
}

const optionsKinds: Readonly<Record<AdmittedOperation, string>> = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
  CONNECT: 'ConnectOptions',
}

/** The options of the request, as an object of meta.k8s.io/v1. */
function optionsOf({ context, operation, dryRun }: Attributes): object {
  const { query } = context.info
  const fieldManager = query.get('fieldManager') ?? ''
  const isPatch = context.info.verb === 'patch'
  return {
    kind: isPatch ? 'PatchOptions' : optionsKinds[operation],
    apiVersion: 'meta.k8s.io/v1',
    ...(dryRun ? { dryRun: ['All'] } : {}),
    ...(fieldManager === '' ? {} : { fieldManager }),
  }
}

/** The `request` of an AdmissionReview, without uid and objects; expressions see the same. */
export function requestOf(attributes: Attributes) {
  const { context, operation, dryRun } = attributes
  const { kind, info, user } = context
  const { objectKind = kind, seenAs = kind } = attributes
  const sub = info.subresource
  return {
    kind: kindName(objectKindOf(attributes)),
    resource: resourceName(seenAs),
    ...(sub === '' ? {} : { subResource: sub }),
    requestKind: kindName(objectKind),
    requestResource: resourceName(kind),
    ...(sub === '' ? {} : { requestSubResource: sub }),
    name: nameOf(attributes),
    ...(info.namespace === '' ? {} : { namespace: info.namespace }),
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
  return { ...object, apiVersion: groupVersion(kind), kind: kind.kind }
}
