import type { AnyObject } from '../kind.ts'
import { parseQuantity, type Quantity } from '../quantity.ts'
import type {
  Container,
  PersistentVolumeClaimSpec,
  PodSpec,
  PodStatus,
  ServiceSpec,
} from '../types.ts'
import { type Amounts, amountsOf, one } from './amounts.ts'
import { podLimits, podRequests } from './pod-amounts.ts'

/** A resource as far as quotas look at it. */
export interface Counted {
  readonly group: string
  readonly resource: string
}

/** Resources that have a name of their own in a quota, beside `count/…` (pkg/quota/v1/evaluator). */
const plainNames: ReadonlySet<string> = new Set([
  '/configmaps',
  '/persistentvolumeclaims',
  '/replicationcontrollers',
  '/resourcequotas',
  '/secrets',
  '/services',
])
const storageClassSuffix = '.storageclass.storage.k8s.io/'
const storageClassAnnotation = 'volume.beta.kubernetes.io/storage-class'
const computeNames = ['cpu', 'memory', 'ephemeral-storage']

/** `count/deployments.apps`, or `count/pods` for the core group. */
export function countName({ group, resource }: Counted): string {
  return group === '' ? `count/${resource}` : `count/${resource}.${group}`
}

/** What one object takes of the quotas of its namespace. */
export function usageOf(kind: Counted, object: AnyObject, nowMs: number): Amounts {
  const used = new Map<string, Quantity>([[countName(kind), one]])
  const place = `${kind.group}/${kind.resource}`
  if (plainNames.has(place)) used.set(kind.resource, one)
  if (place === '/pods') addPod(used, object, nowMs)
  else if (place === '/services') addService(used, object['spec'] as ServiceSpec | undefined)
  else if (place === '/persistentvolumeclaims') addClaim(used, object)
  return used
}

/** A pod that runs no more, or should be gone by now, takes nothing but its place. */
function addPod(used: Map<string, Quantity>, pod: AnyObject, nowMs: number): void {
  const spec = pod['spec'] as PodSpec | undefined
  if (!spec || isOver(pod, nowMs)) return
  used.set('pods', one)
  for (const [name, amount] of podRequests(spec)) {
    if (computeNames.includes(name) || name.startsWith('hugepages-')) used.set(name, amount)
    used.set(`requests.${name}`, amount)
  }
  for (const [name, amount] of podLimits(spec))
    if (computeNames.includes(name)) used.set(`limits.${name}`, amount)
}

function isOver({ metadata, status }: AnyObject, nowMs: number): boolean {
  const { phase } = (status ?? {}) as PodStatus
  if (phase === 'Succeeded' || phase === 'Failed') return true
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false
  return nowMs > Date.parse(deletionTimestamp)
}

function addService(used: Map<string, Quantity>, spec: ServiceSpec | undefined): void {
  const ports = parseQuantity(String(spec?.ports?.length ?? 0))
  if (spec?.type === 'NodePort') used.set('services.nodeports', ports)
  if (spec?.type !== 'LoadBalancer') return
  used.set('services.loadbalancers', one)
  if (spec.allocateLoadBalancerNodePorts !== false) used.set('services.nodeports', ports)
}

function addClaim(used: Map<string, Quantity>, claim: AnyObject): void {
  const spec = claim['spec'] as PersistentVolumeClaimSpec | undefined
  const storage = amountsOf(spec?.resources?.requests).get('storage')
  const name = claim.metadata.annotations?.[storageClassAnnotation] ?? spec?.storageClassName
  if (storage) used.set('requests.storage', storage)
  if (!name) return
  used.set(`${name}${storageClassSuffix}persistentvolumeclaims`, one)
  if (storage) used.set(`${name}${storageClassSuffix}requests.storage`, storage)
}

/** Resources that a quota can only count when every container says how much it takes. */
const demanded: ReadonlySet<string> = new Set([
  ...['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'],
])

/** `limits.cpu for: a,b; requests.memory for: b`, or '' when nothing is missing. */
export function missingDemands(spec: PodSpec, constrained: ReadonlySet<string>): string {
  const wanted = [...constrained].filter((name) => demanded.has(name)).sort()
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  return wanted
    .map((name) => {
      const without = containers.filter((container) => !says(container, name))
      return { name, containers: without.map((container) => container.name).sort() }
    })
    .filter(({ containers: without }) => without.length > 0)
    .map(({ name, containers: without }) => `${name} for: ${without.join(',')}`)
    .join('; ')
}

function says({ resources }: Container, name: string): boolean {
  const list = name.startsWith('limits.') ? resources?.limits : resources?.requests
  return list?.[name.replace(/^(limits|requests)\./, '')] !== undefined
}
