import { isStatus } from '../base/status.ts'
import { type Informer, objectKey } from '../client/informer.ts'
import { paths, resourceQuotas } from '../client/resources.ts'
import type { Client, ResourcePath } from '../client/typed.ts'
import type { AnyObject } from '../kinds/kind.ts'
import { type Amounts, addAmounts, listOf, only, zero } from '../kinds/quota/amounts.ts'
import { countedKinds } from '../kinds/quota/counted-resources.ts'
import { quotaCounts } from '../kinds/quota/scopes.ts'
import { usageOf } from '../kinds/quota/usage.ts'
import type { ObjectMeta, Pod, PodSpec, ResourceQuota, Service } from '../kinds/types.ts'
import type { Controller, ControllerContext } from './controller.ts'
import { namespacedPaths } from './deletable-kinds.ts'
import { isTerminal } from './pod-facts.ts'

/** Everything is counted again so often, should anything have gone unnoticed. */
const recountMs = 30_000

type Counted = Informer<{ metadata: ObjectMeta }>

/**
 * Counts what is used of every quota (pkg/controller/resourcequota). What is taken, admission adds in
 * the transaction that takes it; this loop sees what is given back, and new limits. The quota is read
 * before what it counts: had anything been taken in between, the write would meet a newer quota and
 * be refused.
 */
export function resourceQuotaController(context: ControllerContext): Controller {
  const { client, informers, clock } = context
  const byNamespace = ({ metadata }: ResourceQuota) => [metadata.namespace ?? '']
  const quotas = informers.informer<ResourceQuota>(paths.resourceQuotas, {
    indexes: { byNamespace },
  })
  const pods = informers.informer<Pod>(paths.pods)
  const services = informers.informer<Service>(paths.services)
  // Events come and go by themselves, and in numbers that nobody wants to count at each.
  const all = namespacedPaths.filter(({ resource }) => resource !== 'events')
  return {
    name: 'resource-quota',
    workers: 1,
    subscribe: (queue) => {
      const add = (quota: ResourceQuota) => queue.add(objectKey(quota))
      /** Something was given back of a kind that some of the namespace's quotas count. */
      const givenBack = (path: ResourcePath, { namespace = '' }: ObjectMeta) => {
        for (const quota of quotas.indexed('byNamespace', namespace))
          if (counts(quota, path)) add(quota)
      }
      const watchDeletions = (path: ResourcePath) => {
        const informer: Counted = informers.informer(path)
        return informer.subscribe({ deleted: ({ metadata }) => givenBack(path, metadata) })
      }
      return [
        quotas.subscribe({
          added: add,
          updated: (quota, before) => {
            if (quota.metadata.generation !== before.metadata.generation || !isCounted(quota))
              add(quota)
          },
        }),
        pods.subscribe({
          updated: (pod, before) => {
            if (isTerminal(pod) && !isTerminal(before)) givenBack(paths.pods, pod.metadata)
          },
        }),
        services.subscribe({
          updated: ({ metadata, spec }, before) => {
            if (spec?.type !== before.spec?.type) givenBack(paths.services, metadata)
          },
        }),
        ...all.map(watchDeletions),
      ]
    },
    async reconcile(key) {
      const [namespace = '', name = ''] = key.split('/')
      if (!quotas.get(key)) return undefined
      try {
        const quota = await resourceQuotas(client).get(namespace, name)
        const hard = quota.spec?.hard ?? {}
        const used = listOf(await usedOf(client, quota, clock.wallMs()))
        if (!sameList(quota.status?.hard, hard) || !sameList(quota.status?.used, used))
          await resourceQuotas(client).updateStatus({ ...quota, status: { hard, used } })
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
        return undefined
      }
      return { requeueAfterMs: recountMs }
    },
  }
}

function counts({ spec }: ResourceQuota, { group, resource }: ResourcePath): boolean {
  const kinds = countedKinds(Object.keys(spec?.hard ?? {}))
  return kinds.some((kind) => kind.group === group && kind.resource === resource)
}

function isCounted({ spec, status }: ResourceQuota): boolean {
  return sameList(spec?.hard, status?.hard)
}

async function usedOf(client: Client, quota: ResourceQuota, nowMs: number): Promise<Amounts> {
  const names = Object.keys(quota.spec?.hard ?? {})
  const namespace = quota.metadata.namespace ?? ''
  let used: Amounts = new Map(names.map((name) => [name, zero]))
  for (const kind of countedKinds(names)) {
    const { items } = await client
      .resource<AnyObject>({ ...kind, namespaced: true })
      .list({ namespace })
    const isPod = kind.group === '' && kind.resource === 'pods'
    for (const item of items)
      if (quotaCounts(quota, isPod ? (item['spec'] as PodSpec) : undefined))
        used = addAmounts(used, usageOf(kind, item, nowMs))
  }
  return only(used, new Set(names))
}

function sameList(
  left: Readonly<Record<string, string>> = {},
  right: Readonly<Record<string, string>> = {},
): boolean {
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length && names.every((name) => left[name] === right[name])
  )
}
