import { isStatus } from '../base/status.ts'
import { namespaces as namespacesOf, paths } from '../client/resources.ts'
import type { Client, KubernetesObject, ResourcePath } from '../client/typed.ts'
import { type CustomDefinition, hasCondition } from '../kinds/apiextensions/definition-spec.ts'
import { formatTime } from '../kinds/time.ts'
import type { Namespace, NamespaceCondition } from '../kinds/types.ts'
import type { Controller, ControllerContext } from './controller.ts'
import { instancesOf } from './custom-resource-definition.ts'
import { namespacedPaths } from './deletable-kinds.ts'

const finalizer = 'kubernetes'
const pageItems = 500
const deletionsAtOnce = 16
const checkAgainMs = 250
const checkAgainMaxMs = 5_000

/** What is left of one resource. */
export interface Remaining {
  readonly resource: string
  readonly group: string
  readonly count: number
  /** Finalizers that hold objects back, with how many objects each. */
  readonly finalizers: ReadonlyMap<string, number>
}

/** Empties namespaces that end, then lets them go (pkg/controller/namespace/deletion). */
export function namespaceController(context: ControllerContext): Controller {
  const { client, informers, clock, emit } = context
  const namespaces = informers.informer<Namespace>(paths.namespaces)
  const definitions = informers.informer<CustomDefinition>(paths.customResourceDefinitions)
  const rounds = new Map<string, number>()
  return {
    name: 'namespace',
    workers: 4,
    subscribe: (queue) => [
      namespaces.subscribe({
        added: ({ metadata }) => {
          if (metadata.deletionTimestamp) queue.add(metadata.name ?? '')
        },
        updated: ({ metadata }) => {
          if (metadata.deletionTimestamp) queue.add(metadata.name ?? '')
        },
        deleted: ({ metadata }) => rounds.delete(metadata.name ?? ''),
      }),
    ],
    async reconcile(key) {
      const namespace = namespaces.get(key)
      if (!namespace?.metadata.deletionTimestamp) return undefined
      if (!namespace.spec?.finalizers?.includes(finalizer)) return undefined
      const remaining: Remaining[] = []
      for (const path of [...customPaths(definitions.list()), ...namespacedPaths]) {
        const left = await empty(client, path, key)
        if (left.count > 0) remaining.push(left)
      }
      if (remaining.length > 0) {
        await tellRemaining(client, namespace, remaining, clock.wallMs())
        const round = rounds.get(key) ?? 0
        rounds.set(key, round + 1)
        return {
          requeueAfterMs: Math.min(checkAgainMaxMs, checkAgainMs * 2 ** Math.min(round, 10)),
        }
      }
      await finalize(client, key)
      emit('controller', 'namespace-emptied', { detail: { namespace: key } })
      return undefined
    },
  }
}

/** Custom resources go first: their controllers' pods are still there to see to finalizers. */
function customPaths(definitions: readonly CustomDefinition[]): ResourcePath[] {
  return definitions
    .filter((one) => one.spec.scope === 'Namespaced' && hasCondition(one, 'Established'))
    .map(instancesOf)
    .filter((path) => path.version !== '')
}

/** Asks for the deletion of all objects of a resource; returns what is still there afterwards. */
async function empty(client: Client, path: ResourcePath, namespace: string): Promise<Remaining> {
  const resource = client.resource<KubernetesObject>(path)
  const first = await resource.list({ namespace, limit: pageItems })
  const doomed = first.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  for (let at = 0; at < doomed.length; at += deletionsAtOnce)
    await Promise.all(
      doomed.slice(at, at + deletionsAtOnce).map(async ({ metadata }) => {
        const preconditions = { uid: metadata.uid ?? '' }
        try {
          await resource.delete(namespace, metadata.name ?? '', {
            preconditions,
            propagationPolicy: 'Background',
          })
        } catch (error) {
          if (!isStatus(error, 'NotFound', 'Conflict')) throw error
        }
      }),
    )
  const { resource: name, group } = path
  if (first.items.length === 0) return { resource: name, group, count: 0, finalizers: new Map() }
  const { items } = await resource.list({ namespace, limit: pageItems })
  const finalizers = new Map<string, number>()
  for (const { metadata } of items)
    for (const held of metadata.finalizers ?? [])
      finalizers.set(held, (finalizers.get(held) ?? 0) + 1)
  return { resource: name, group, count: items.length, finalizers }
}

interface Told {
  readonly reason: string
  readonly message: string
}

/** What is said while something is left, and after (deletion/status_condition_utils.go). */
const contentTold: readonly [Told, Told] = [
  { reason: 'SomeResourcesRemain', message: 'Some resources are remaining' },
  { reason: 'ContentRemoved', message: 'All content successfully removed' },
]
const finalizersTold: readonly [Told, Told] = [
  {
    reason: 'SomeFinalizersRemain',
    message: 'Some content in the namespace has finalizers remaining',
  },
  {
    reason: 'ContentHasNoFinalizers',
    message: 'All content-preserving finalizers finished',
  },
]

/** The conditions that say what a namespace waits for. */
export function waitingConditions(
  remaining: readonly Remaining[],
  old: readonly NamespaceCondition[],
  nowMs: number,
): NamespaceCondition[] {
  const content = remaining
    .map(({ resource, group, count }) => `${resource}.${group} has ${count} resource instances`)
    .join(', ')
  const held = new Map<string, number>()
  for (const { finalizers } of remaining)
    for (const [name, count] of finalizers) held.set(name, (held.get(name) ?? 0) + count)
  const finalizers = [...held]
    .map(([name, count]) => `${name} in ${count} resource instances`)
    .join(', ')
  const condition = (
    type: string,
    [remain, done]: readonly [Told, Told],
    what: string,
  ): NamespaceCondition => {
    const status = what === '' ? 'False' : 'True'
    const known = old.find((one) => one.type === type)
    return {
      type,
      status,
      reason: what === '' ? done.reason : remain.reason,
      message: what === '' ? done.message : `${remain.message}: ${what}`,
      lastTransitionTime: known?.status === status ? known.lastTransitionTime : formatTime(nowMs),
    }
  }
  return [
    condition('NamespaceContentRemaining', contentTold, content),
    condition('NamespaceFinalizersRemaining', finalizersTold, finalizers),
  ]
}

async function tellRemaining(
  client: Client,
  namespace: Namespace,
  remaining: readonly Remaining[],
  nowMs: number,
): Promise<void> {
  const old = namespace.status?.conditions ?? []
  const told = waitingConditions(remaining, old, nowMs)
  const others = old.filter((one) => !told.some(({ type }) => type === one.type))
  const conditions = [...others, ...told]
  if (JSON.stringify(conditions) === JSON.stringify(old)) return
  const status = { ...namespace.status, phase: 'Terminating', conditions }
  try {
    await namespacesOf(client).updateStatus({ ...namespace, status })
  } catch (error) {
    // Only news for people: the next round tells it anew.
    if (!isStatus(error, 'Conflict', 'NotFound')) throw error
  }
}

/** Takes our finalizer away, from the namespace as it is now. */
async function finalize(client: Client, name: string): Promise<void> {
  const resource = namespacesOf(client)
  try {
    const now = await resource.get('', name)
    const finalizers = (now.spec?.finalizers ?? []).filter((one) => one !== finalizer)
    const next: Namespace = { ...now, spec: { ...now.spec, finalizers } }
    await resource.subresource('', name, 'finalize', 'PUT', next)
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
  }
}
