import { encodeObject } from '../../kinds/encode.ts'
import type { AnyObject, Kind } from '../../kinds/kind.ts'
import { compareQuantities } from '../../kinds/quantity.ts'
import {
  type Amounts,
  addAmounts,
  amountsOf,
  beyond,
  listOf,
  only,
  printAmounts,
  zero,
} from '../../kinds/quota/amounts.ts'
import { quotaCounts } from '../../kinds/quota/scopes.ts'
import { missingDemands, usageOf } from '../../kinds/quota/usage.ts'
import type { PodSpec, ResourceQuota } from '../../kinds/types.ts'
import type { KeyValue, StoreView } from '../../state/cluster-store.ts'
import { forbidden } from '../errors.ts'
import { type Claims, noClaims, type ResourceContext } from '../handlers/resource-context.ts'
import { unchanged } from '../handlers/write-object.ts'
import { prefixEnd, resourcePrefix } from '../storage-keys.ts'
import { parseObject } from '../stored-object.ts'
import type { AdmissionPlugin } from './plugin.ts'

const quotaPlace = { group: '', resource: 'resourcequotas', namespaced: true }

/**
 * Quotas (plugin/pkg/admission/resourcequota). What a write takes is added to `status.used` of each
 * quota that counts it, in the transaction of the write itself: no two writes can take the same
 * rest. What is given back is counted by the quota controller.
 */
export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',
  claims(context, object, old) {
    const { kind, info, options } = context
    const counts = info.subresource === '' || info.subresource === 'resize'
    if (!object || !kind.namespaced || !counts) return noClaims
    const records = quotasOf(options.store.view, info.namespace)
    if (records.length === 0) return noClaims
    const nowMs = options.clock.wallMs()
    const used = usageOf(kind, object, nowMs)
    const taken = beyond(used, old ? usageOf(kind, old, nowMs) : new Map())
    return claimsOn(records, context, { object, isNew: !old, used, taken })
  },
}

/** True when writes to the namespace compete for quotas: then they had better come one by one. */
export function hasQuotas(view: StoreView, namespace: string): boolean {
  const prefix = resourcePrefix(quotaPlace, namespace)
  return view.count(prefix, prefixEnd(prefix)) > 0
}

function quotasOf(view: StoreView, namespace: string): readonly KeyValue[] {
  const prefix = resourcePrefix(quotaPlace, namespace)
  return view.range(prefix, prefixEnd(prefix)).items
}

interface Taking {
  readonly object: AnyObject
  readonly isNew: boolean
  /** What the object takes as a whole, and how much of that is new. */
  readonly used: Amounts
  readonly taken: Amounts
}

function claimsOn(records: readonly KeyValue[], context: ResourceContext, taking: Taking): Claims {
  const { kind } = context
  const compares: Claims['compares'][number][] = []
  const operations: Claims['operations'][number][] = []
  const podSpec = isPod(kind) ? (taking.object['spec'] as PodSpec) : undefined
  for (const record of records) {
    const quota = parseObject(record.value) as ResourceQuota
    if (!quotaCounts(quota, podSpec)) continue
    const after = usedAfter(context, quota, taking, podSpec)
    if (!after) continue
    compares.push(unchanged(record))
    const { bytes, revisionOffset } = encodeObject(withUsed(quota, after))
    operations.push({ op: 'put', key: record.key, value: bytes, revisionOffset })
  }
  return { compares, operations }
}

function isPod({ group, resource }: Kind): boolean {
  return group === '' && resource === 'pods'
}

/** What is used once the write is done; undefined when the quota does not count it. Throws Forbidden. */
function usedAfter(
  { kind }: ResourceContext,
  quota: ResourceQuota,
  { object, isNew, used, taken }: Taking,
  podSpec: PodSpec | undefined,
): Amounts | undefined {
  const quotaName = quota.metadata.name ?? ''
  const refused = (why: string) => forbidden(kind, nameOf(object), why)
  const hard = amountsOf(quota.status?.hard ?? quota.spec?.hard)
  const missing = podSpec && isNew ? missingDemands(podSpec, new Set(hard.keys())) : ''
  if (missing !== '') throw refused(`failed quota: ${quotaName}: must specify ${missing}`)
  const counted = only(used, hard)
  const known = amountsOf(quota.status?.used)
  const unknown = [...counted.keys()].filter((name) => !known.has(name)).sort()
  if (unknown.length > 0)
    throw refused(`status unknown for quota: ${quotaName}, resources: ${unknown.join(',')}`)
  const requested = only(taken, hard)
  if (requested.size === 0) return undefined
  const after = addAmounts(known, requested)
  const exceeded = new Set(
    [...requested.keys()].filter(
      (name) => compareQuantities(after.get(name) ?? zero, hard.get(name) ?? zero) > 0,
    ),
  )
  if (exceeded.size === 0) return after
  throw refused(
    `exceeded quota: ${quotaName}, requested: ${printAmounts(only(requested, exceeded))}, ` +
      `used: ${printAmounts(only(known, exceeded))}, limited: ${printAmounts(only(hard, exceeded))}`,
  )
}

/** Refusals name a generated object by its prefix: those of one workload are then one Event. */
function nameOf({ metadata }: AnyObject): string {
  return metadata.generateName || (metadata.name ?? '')
}

function withUsed(quota: ResourceQuota, used: Amounts): AnyObject {
  const { resourceVersion: _own, ...metadata } = quota.metadata
  return { ...quota, metadata, status: { ...quota.status, used: listOf(used) } } as AnyObject
}
