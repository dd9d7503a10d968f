import { isStatus } from '../../base/status.ts'
import { namespaces as namespacesOf, paths } from '../../client/resources.ts'
import type { Client, KubernetesObject, ResourcePath } from '../../client/typed.ts'
import { type CustomDefinition, hasCondition } from '../../kinds/apiextensions/definition-spec.ts'
import type { Namespace } from '../../kinds/types.ts'
import type { Controller, ControllerContext } from '../controller.ts'
import { instancesOf } from '../custom-resource-definition.ts'
import { namespacedPaths } from '../deletable-kinds.ts'
import { deletionConditions, type Emptied, type Remaining } from './conditions.ts'

const finalizer = 'kubernetes'
const pageItems = 500
const deletionsAtOnce = 16
const checkAgainMs = 250
const checkAgainMaxMs = 5_000

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
      const emptied = await emptyNamespace(client, key, customPaths(definitions.list()))
      const { remaining, errors } = emptied
      if (remaining.length + errors.length > 0)
        await tell(client, namespace, emptied, clock.wallMs())
      const [error] = errors
      if (error) throw error
      if (remaining.length > 0) {
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

function customPaths(definitions: readonly CustomDefinition[]): ResourcePath[] {
  return definitions
    .filter((one) => one.spec.scope === 'Namespaced' && hasCondition(one, 'Established'))
    .map(instancesOf)
    .filter((path) => path.version !== '')
}

/**
 * One pass. Nothing else is touched until all pods are gone, so that no container runs on without the
 * NetworkPolicy, Secret or whatever else it was to run with (KEP-5080). A resource that refuses does
 * not keep the others.
 */
async function emptyNamespace(
  client: Client,
  namespace: string,
  custom: readonly ResourcePath[],
): Promise<Emptied> {
  const errors: Error[] = []
  const emptyAll = async (all: readonly ResourcePath[]): Promise<Remaining[]> => {
    const remaining: Remaining[] = []
    for (const path of all)
      try {
        const left = await empty(client, path, namespace)
        if (left.count > 0) remaining.push(left)
      } catch (error) {
        errors.push(error as Error)
      }
    return remaining
  }
  const pods = await emptyAll([paths.pods])
  if (pods.length + errors.length > 0) return { remaining: pods, errors }
  return { remaining: await emptyAll([...custom, ...namespacedPaths]), errors }
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

async function tell(
  client: Client,
  namespace: Namespace,
  emptied: Emptied,
  nowMs: number,
): Promise<void> {
  const old = namespace.status?.conditions ?? []
  const conditions = deletionConditions(emptied, old, nowMs)
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
