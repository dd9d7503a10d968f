import { isStatus } from '../base/status.ts'
import { paths } from '../client/resources.ts'
import type { KubernetesObject, ResourceClient, ResourcePath } from '../client/typed.ts'
import {
  type CustomDefinition,
  cleanupFinalizer,
  hasCondition,
  storageVersionOf,
} from '../kinds/apiextensions/definition-spec.ts'
import { endingOf, establishedStatus, terminatingStatus } from '../kinds/apiextensions/establish.ts'
import { formatTime } from '../kinds/time.ts'
import type { Controller, ControllerContext } from './controller.ts'

const pageItems = 500
const deletionsAtOnce = 16
const checkAgainMs = 250

/** Where the instances of a definition are: any served version leads to all of them. */
export function instancesOf(definition: CustomDefinition): ResourcePath {
  const { group, names, scope, versions } = definition.spec
  const stored = storageVersionOf(definition)
  const served = versions.filter((version) => version.served)
  const version = served.find(({ name }) => name === stored) ?? served[0]
  return {
    group,
    version: version?.name ?? stored,
    resource: names.plural,
    namespaced: scope === 'Namespaced',
  }
}

/**
 * Establishes CustomResourceDefinitions whose names are free, and lets go of those that are deleted
 * once their instances are gone (apiextensions-apiserver pkg/controller/{status,establish,finalizer}).
 */
export function customResourceDefinitionController(context: ControllerContext): Controller {
  const { client, informers, clock, emit } = context
  const informer = informers.informer<CustomDefinition>(paths.customResourceDefinitions)
  const definitions = client.resource<CustomDefinition>(paths.customResourceDefinitions)
  const establish = async (definition: CustomDefinition): Promise<void> => {
    const status = establishedStatus(definition, informer.list(), formatTime(clock.wallMs()))
    if (status !== definition.status) await tell(definitions, { ...definition, status })
  }
  return {
    name: 'custom-resource-definition',
    // Names are given one definition at a time.
    workers: 1,
    subscribe: (queue) => [
      informer.subscribe({
        added: ({ metadata }) => queue.add(metadata.name ?? ''),
        updated: ({ metadata }) => queue.add(metadata.name ?? ''),
        // Names that became free may be what others wait for.
        deleted: () => {
          for (const { metadata } of informer.list()) queue.add(metadata.name ?? '')
        },
      }),
    ],
    async reconcile(key) {
      const definition = informer.get(key)
      if (!definition) return undefined
      if (definition.metadata.deletionTimestamp === undefined) {
        await establish(definition)
        return undefined
      }
      if (endingOf(definition) === 'none') return undefined
      const left = hasCondition(definition, 'Established')
        ? await deleteInstances(client.resource<KubernetesObject>(instancesOf(definition)))
        : 0
      const status = terminatingStatus(definition, left, formatTime(clock.wallMs()))
      if (status !== definition.status) await tell(definitions, { ...definition, status })
      if (left > 0) return { requeueAfterMs: checkAgainMs }
      await release(definitions, key)
      emit('controller', 'custom-resources-removed', { detail: { definition: key } })
      return undefined
    },
  }
}

/** Asks for the deletion of all instances; returns how many are still there. */
async function deleteInstances(resource: ResourceClient<KubernetesObject>): Promise<number> {
  const { items } = await resource.list({ limit: pageItems })
  const doomed = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  for (let at = 0; at < doomed.length; at += deletionsAtOnce)
    await Promise.all(
      doomed.slice(at, at + deletionsAtOnce).map(async ({ metadata }) => {
        try {
          await resource.delete(metadata.namespace ?? '', metadata.name ?? '', {
            preconditions: { uid: metadata.uid ?? '' },
          })
        } catch (error) {
          if (!isStatus(error, 'NotFound', 'Conflict')) throw error
        }
      }),
    )
  if (items.length === 0) return 0
  const after = await resource.list({ limit: pageItems })
  return after.items.length
}

async function tell(
  definitions: ResourceClient<CustomDefinition>,
  definition: CustomDefinition,
): Promise<void> {
  try {
    await definitions.updateStatus(definition)
  } catch (error) {
    // Somebody changed it meanwhile: the change brings the key back.
    if (!isStatus(error, 'Conflict', 'NotFound')) throw error
  }
}

/** Takes our finalizer away, from the definition as it is now. */
async function release(definitions: ResourceClient<CustomDefinition>, name: string): Promise<void> {
  try {
    const now = await definitions.get('', name)
    const finalizers = (now.metadata.finalizers ?? []).filter((one) => one !== cleanupFinalizer)
    await definitions.update({ ...now, metadata: { ...now.metadata, finalizers } })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
  }
}
