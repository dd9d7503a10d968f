import type { AnyObject } from '../../kinds/kind.ts'
import {
  compareQuantities,
  parseQuantity,
  formatQuantity as print,
  type Quantity,
} from '../../kinds/quantity.ts'
import { type Amounts, amountsOf } from '../../kinds/quota/amounts.ts'
import { podLimits, podRequests } from '../../kinds/quota/pod-amounts.ts'
import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaimSpec,
  PodSpec,
} from '../../kinds/types.ts'
import type { StoreView } from '../../state/cluster-store.ts'
import { forbidden } from '../errors.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { prefixEnd, resourcePrefix } from '../storage-keys.ts'
import { parseObject } from '../stored-object.ts'
import type { AdmissionPlugin } from './plugin.ts'

const place = { group: '', resource: 'limitranges', namespaced: true }
const annotation = 'kubernetes.io/limit-ranger'

/**
 * The LimitRanges of a namespace: what containers ask for when they say nothing, and the least and the
 * most that they, pods and claims may ask for (plugin/pkg/admission/limitranger/admission.go).
 */
export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  resources: ['pods', 'persistentvolumeclaims'],
  complete({ kind, info, options }, object) {
    if (kind.resource !== 'pods' || info.subresource !== '') return
    for (const range of rangesOf(options.store.view, info.namespace)) fillIn(range, object)
  },
  judge(context, object, old) {
    const { kind, info, options } = context
    const resized = info.subresource === 'resize'
    if (!object || (info.subresource !== '' && !resized)) return
    if (old && kind.resource === 'pods' && !resized) return
    for (const range of rangesOf(options.store.view, info.namespace)) {
      const errors = (range.spec?.limits ?? []).flatMap((item) =>
        kind.resource === 'pods'
          ? podErrors(item, object['spec'] as PodSpec)
          : claimErrors(item, object['spec'] as PersistentVolumeClaimSpec | undefined),
      )
      if (errors.length > 0) throw refusal(context, object, errors)
    }
  },
}

function refusal({ kind }: ResourceContext, { metadata }: AnyObject, errors: readonly string[]) {
  const why = errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`
  return forbidden(kind, metadata.name || (metadata.generateName ?? ''), why)
}

function rangesOf(view: StoreView, namespace: string): LimitRange[] {
  const prefix = resourcePrefix(place, namespace)
  const { items } = view.range(prefix, prefixEnd(prefix))
  return items.map(({ value }) => parseObject(value) as LimitRange)
}

/** Gives each container what its namespace has set for those that say nothing, and notes it down. */
function fillIn(range: LimitRange, pod: AnyObject): void {
  const item = range.spec?.limits.find(({ type }) => type === 'Container')
  const spec = pod['spec'] as PodSpec | undefined
  if (!item || !spec) return
  const notes: string[] = []
  const all: [string, Container][] = [
    ...(spec.containers ?? []).map((one): [string, Container] => ['container', one]),
    ...(spec.initContainers ?? []).map((one): [string, Container] => ['init container', one]),
  ]
  for (const [what, container] of all) {
    const asked = addMissing(container, 'requests', item.defaultRequest)
    const limited = addMissing(container, 'limits', item.default)
    if (asked.length > 0) notes.push(`${asked.join(', ')} request for ${what} ${container.name}`)
    if (limited.length > 0) notes.push(`${limited.join(', ')} limit for ${what} ${container.name}`)
  }
  if (notes.length > 0)
    pod.metadata.annotations = {
      ...pod.metadata.annotations,
      [annotation]: `LimitRanger plugin set: ${notes.join('; ')}`,
    }
}

function addMissing(
  container: Container,
  part: 'requests' | 'limits',
  defaults: Readonly<Record<string, string>> | undefined,
): string[] {
  const have = container.resources?.[part] ?? {}
  const missing = Object.keys(defaults ?? {})
    .filter((name) => have[name] === undefined)
    .sort()
  if (missing.length === 0) return []
  const added = Object.fromEntries(missing.map((name) => [name, defaults?.[name] ?? '']))
  container.resources = { ...container.resources, [part]: { ...have, ...added } }
  return missing
}

function podErrors(item: LimitRangeItem, spec: PodSpec): string[] {
  if (item.type === 'Pod') return bounds(item, podRequests(spec), podLimits(spec))
  if (item.type !== 'Container') return []
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
    bounds(item, amountsOf(resources?.requests), amountsOf(resources?.limits)),
  )
}

function claimErrors(item: LimitRangeItem, spec: PersistentVolumeClaimSpec | undefined): string[] {
  if (item.type !== 'PersistentVolumeClaim') return []
  const requests = amountsOf(spec?.resources?.requests)
  const none: Amounts = new Map()
  return [
    ...each(item.min, (name, least) => tooLittle(item.type, name, least, requests, none)),
    ...each(item.max, (name, most) => tooMuchAsked(item.type, name, most, requests)),
  ]
}

function bounds(item: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  const { type } = item
  return [
    ...each(item.min, (name, least) => tooLittle(type, name, least, requests, limits)),
    ...each(item.max, (name, most) => tooMuch(type, name, most, requests, limits)),
    ...each(item.maxLimitRequestRatio, (name, ratio) =>
      tooWide(type, name, ratio, requests, limits),
    ),
  ]
}

function each(
  list: Readonly<Record<string, string>> | undefined,
  check: (name: string, text: string) => string | undefined,
): string[] {
  return Object.entries(list ?? {})
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, text]) => check(name, text))
    .filter((error) => error !== undefined)
}

function tooLittle(
  type: string,
  name: string,
  least: string,
  requests: Amounts,
  limits: Amounts,
): string | undefined {
  const wanted = `minimum ${name} usage per ${type} is ${least}`
  const request = requests.get(name)
  const limit = limits.get(name)
  if (!request) return `${wanted}. No request is specified`
  if (isLess(request, parseQuantity(least))) return `${wanted}, but request is ${print(request)}`
  if (limit && isLess(limit, parseQuantity(least))) return `${wanted}, but limit is ${print(limit)}`
  return undefined
}

function tooMuch(
  type: string,
  name: string,
  most: string,
  requests: Amounts,
  limits: Amounts,
): string | undefined {
  const allowed = `maximum ${name} usage per ${type} is ${most}`
  const limit = limits.get(name)
  if (!limit) return `${allowed}. No limit is specified`
  if (isLess(parseQuantity(most), limit)) return `${allowed}, but limit is ${print(limit)}`
  const request = requests.get(name)
  if (request && isLess(parseQuantity(most), request))
    return `${allowed}, but request is ${print(request)}`
  return undefined
}

function tooMuchAsked(
  type: string,
  name: string,
  most: string,
  requests: Amounts,
): string | undefined {
  const request = requests.get(name)
  const allowed = `maximum ${name} usage per ${type} is ${most}`
  if (!request) return `${allowed}. No request is specified`
  if (isLess(parseQuantity(most), request)) return `${allowed}, but request is ${print(request)}`
  return undefined
}

function tooWide(
  type: string,
  name: string,
  ratio: string,
  requests: Amounts,
  limits: Amounts,
): string | undefined {
  const allowed = `${name} max limit to request ratio per ${type} is ${ratio}`
  const request = requests.get(name)
  const limit = limits.get(name)
  if (!request || request.nano === 0n)
    return `${allowed}, but no request is specified or request is 0`
  if (!limit || limit.nano === 0n) return `${allowed}, but no limit is specified or limit is 0`
  const found = Number(limit.nano) / Number(request.nano)
  if (found <= Number(parseQuantity(ratio).nano) / 1e9) return undefined
  return `${allowed}, but provided ratio is ${found.toFixed(6)}`
}

function isLess(left: Quantity, right: Quantity): boolean {
  return compareQuantities(left, right) < 0
}
