import type { AnyObject, Kind } from '../../../kinds/kind.ts'
import { selectorOf } from '../../../kinds/selector.ts'
import type { ParamKind, ParamRef } from '../../../kinds/types.ts'
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
export function paramsOf(
  { paramKind, paramRef }: ParamsAsked,
  attributes: Attributes,
): (AnyObject | undefined)[] {
  if (!paramKind || !paramRef) return [undefined]
  const { context } = attributes
  const kind = context.kinds.all.find(
    (one) => groupVersion(one) === paramKind.apiVersion && one.kind === paramKind.kind,
  )
  if (!kind)
    throw new PolicyFailure(
      `paramKind kind \`${paramKind.apiVersion}, Kind=${paramKind.kind}\` not known`,
    )
  const found = find(kind, paramRef, attributes)
  if (found.length > 0) return found
  if (paramRef.parameterNotFoundAction === 'Allow') return []
  throw new PolicyFailure('no params found for policy binding with `Deny` parameterNotFoundAction')
}

function find(kind: Kind, ref: ParamRef, { context }: Attributes): AnyObject[] {
  const { options, info, shared } = context
  const { view } = options.store
  const namespace = kind.namespaced ? ref.namespace || info.namespace : ''
  if (kind.namespaced && !isKeySegment(namespace))
    throw new PolicyFailure(
      'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    )
  if (ref.name) {
    const record = isKeySegment(ref.name)
      ? view.get(objectKey(kind, namespace, ref.name))
      : undefined
    return record ? [shared.parsed.get(record)] : []
  }
  const prefix = resourcePrefix(kind, namespace)
  const selector = selectorOf(ref.selector)
  return view
    .range(prefix, prefixEnd(prefix))
    .items.map((record) => shared.parsed.get(record))
    .filter((object) => selector.matches(object.metadata.labels))
}
