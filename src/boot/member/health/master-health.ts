import type { HealthCheck } from '../../../api/serving/health.ts'
import { objectKey } from '../../../api/storage-keys.ts'
import { present } from '../../../base/assert.ts'
import { type Clock, delay } from '../../../base/clock.ts'
import { kindOfResource } from '../../../kinds/scheme.ts'
import type { ClusterStore } from '../../../state/cluster-store.ts'

/** What the checks look at. */
export interface MasterHealthParts {
  readonly store: ClusterStore
  readonly clock: Clock
  /** Throws when this master leaves its cluster or is none of its members. */
  readonly membership: () => void
  /** Throws once this master has begun to end. */
  readonly shutdown: () => void
  /** Resources of informers without a first list; undefined until there are informers. */
  readonly unsynced: () => readonly string[] | undefined
}

/** How long a quorum may take to confirm a read (kube-apiserver --etcd-readycheck-timeout). */
const storeMsMax = 2_000

/**
 * The checks of /healthz, /livez and /readyz, by kube-apiserver's names. A master without a leader is
 * alive and not ready; what hooks make at a cluster's first start is there for good once it was seen.
 */
export function masterHealth(parts: MasterHealthParts): HealthCheck[] {
  const { store, membership, shutdown, unsynced } = parts
  return [
    { name: 'log', paths: ['healthz', 'livez', 'readyz'], check: checkLog },
    { name: 'membership', paths: ['healthz', 'livez', 'readyz'], check: membership },
    { name: 'etcd', paths: ['healthz', 'readyz'], check: () => checkStore(parts) },
    { name: 'etcd-readiness', paths: ['readyz'], check: () => checkStore(parts) },
    { name: 'informer-sync', paths: ['readyz'], check: () => checkInformers(unsynced()) },
    ...startHooks.map(([name, place]) => hookCheck(store, name, place)),
    { name: 'shutdown', paths: ['readyz'], check: shutdown },
  ]
}

function checkLog(): void {
  if (!process.stderr.writable) throw new Error('the log cannot be written')
}

/** A quorum must confirm who leads. */
async function checkStore({ store, clock }: MasterHealthParts): Promise<void> {
  const inTime = new AbortController()
  const late = delay(clock, storeMsMax, inTime.signal).then(() => {
    throw new Error(`no quorum confirmed a read within ${storeMsMax / 1000} s`)
  })
  try {
    await Promise.race([store.barrier(), late])
  } finally {
    late.catch(() => {})
    inTime.abort()
  }
}

function checkInformers(unsynced: readonly string[] | undefined): void {
  if (!unsynced) throw new Error('informers not started yet')
  if (unsynced.length > 0)
    throw new Error(`${unsynced.length} informers not synced yet: ${unsynced.join(', ')}`)
}

/** An object that a hook makes last, or that stands for all it makes. */
interface Place {
  readonly group: string
  readonly resource: string
  readonly namespace: string
  readonly name: string
}

const startHooks: readonly (readonly [string, Place])[] = [
  [
    'poststarthook/start-system-namespaces-controller',
    { group: '', resource: 'namespaces', namespace: '', name: 'kube-node-lease' },
  ],
  [
    'poststarthook/bootstrap-controller',
    { group: '', resource: 'services', namespace: 'default', name: 'kubernetes' },
  ],
  [
    'poststarthook/rbac/bootstrap-roles',
    {
      ...{ group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings' },
      ...{ namespace: '', name: 'cluster-admin' },
    },
  ],
  [
    'poststarthook/scheduling/bootstrap-system-priority-classes',
    {
      ...{ group: 'scheduling.k8s.io', resource: 'priorityclasses' },
      ...{ namespace: '', name: 'system-node-critical' },
    },
  ],
  [
    'poststarthook/priority-and-fairness-config-producer',
    {
      ...{ group: 'flowcontrol.apiserver.k8s.io', resource: 'flowschemas' },
      ...{ namespace: '', name: 'catch-all' },
    },
  ],
  [
    'autoregister-completion',
    { group: 'apiregistration.k8s.io', resource: 'apiservices', namespace: '', name: 'v1.apps' },
  ],
]

function hookCheck({ view }: ClusterStore, name: string, place: Place): HealthCheck {
  const { group, resource } = place
  const kind = present(kindOfResource(group, 'v1', resource), resource)
  const key = objectKey(kind, place.namespace, place.name)
  let isDone = false
  return {
    name,
    paths: ['healthz', 'readyz'],
    check: () => {
      isDone ||= view.get(key) !== undefined
      if (!isDone) throw new Error('not finished')
    },
  }
}
