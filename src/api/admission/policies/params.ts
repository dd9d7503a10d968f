import type { AnyObject, Kind } from '../../../kinds/kind.ts'
import { selectorOf } from '../../../kinds/selector.ts'
import type { ParamKind, ParamRef } from '../../../kinds/types.ts'
import type { KeyValue } from '../../../state/cluster-store.ts'
import { groupVersion } from '../../errors.ts'
import type { Attributes } from '../../handlers/resource-context.ts'
import { isKeySegment, objectKey, prefixEnd, resourcePrefix } from '../../storage-keys.ts'
import { PolicyFailure } from './policy-failure.ts'

export interface ParamsAsked {
  readonly paramKind: ParamKind | undefined
  readonly paramRef: ParamRef | undefined
}

/**
 * The parameters of a binding: undefined where it has none. An empty list skips the binding
 * (apiserver pkg/admission/plugin/policy/generic/policy_dispatcher.go CollectParams). Throws
 * PolicyFailure for parameters that must be there and are not.
 */
export async function paramsOf(
  { paramKind, paramRef }: ParamsAsked,
  attributes: Attributes,
): Promise<readonly (AnyObject | undefined)[]> {
  if (!paramKind || !paramRef) return [undefined]
  const { kinds } = attributes.context
  const kind = kinds.all.find(
    (one) => groupVersion(one) === paramKind.apiVersion && one.kind === paramKind.kind,
  )
  if (!kind)
    throw new PolicyFailure(
      `paramKind kind \`${paramKind.apiVersion}, Kind=${paramKind.kind}\` not known`,
      true,
    )
  const found = await shown(find(kind, paramRef, attributes), kind, attributes)
  if (found.length > 0) return found
  if (paramRef.parameterNotFoundAction === 'Allow') return []
  throw new PolicyFailure(
    'no params found for policy binding with `Deny` parameterNotFoundAction',
    true,
  )
}

/** In the version that the policy names, whatever it is stored in. */
async function shown(
  records: readonly KeyValue[],
  kind: Kind,
  { context }: Attributes,
): Promise<readonly AnyObject[]> {
  const { storage, parsed } = context.shared.ofKind(kind)
  return (await storage.shown(records)).map((record) => parsed.get(record))
}

function find(kind: Kind, ref: ParamRef, { context }: Attributes): readonly KeyValue[] {
  const { options, info, shared } = context
  const { parsed } = shared.ofKind(kind)
  const { view } = options.store
  const namespace = kind.namespaced ? ref.namespace || info.namespace : ''
  if (kind.namespaced && !isKeySegment(namespace))
    throw new PolicyFailure(
      'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
      true,
    )
  if (!kind.namespaced && ref.namespace)
    throw new PolicyFailure(
      'paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
      true,
    )
  if (ref.name) {
    const record = isKeySegment(ref.name)
      ? view.get(objectKey(kind, namespace, ref.name))
      : undefined
    return record ? [record] : []
  }
  const prefix = resourcePrefix(kind, namespace)
  const selector = selectorOf(ref.selector)
  return view
    .range(prefix, prefixEnd(prefix))
    .items.filter((record) => selector.matches(parsed.get(record).metadata.labels))
}
