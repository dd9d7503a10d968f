import { isStatus } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import type { KubernetesObject, ResourceClient } from '../../client/typed.ts'
import type { OwnerReference } from '../../kinds/types.ts'
import type { Controller, ControllerContext, ReconcileQueue, RequeueAfter } from '../controller.ts'
import { releasePatch } from '../ownership.ts'
import { type CollectedKind, CollectedKinds } from './collected-kinds.ts'
import {
  decideGarbage,
  foregroundFinalizer,
  type GarbageAction,
  hasFinalizer,
  isWaiting,
  type OwnerState,
  orphanFinalizer,
} from './decide.ts'

const mergePatch = 'application/merge-patch+json'

/** How long foreground deletion waits for kinds that cannot be listed, before it passes them over. */
const incompleteMsMax = 30_000
const incompleteAgainMs = 250
/** Owners whose end was seen: their kind may be gone by the time their dependents are looked at. */
const absentOwnersMax = 10_000

/** Removes what lost its owners (pkg/controller/garbagecollector). */
export function garbageCollector(context: ControllerContext): Controller {
  return new GarbageCollector(context)
}

class GarbageCollector implements Controller {
  readonly name = 'garbage-collector'
  readonly workers = 8
  readonly #context: ControllerContext
  readonly #kinds: CollectedKinds
  readonly #absent = new Set<string>()
  #queue: ReconcileQueue | undefined
  #sinceMs = 0

  constructor(context: ControllerContext) {
    this.#context = context
    this.#kinds = new CollectedKinds(context)
  }

  subscribe(queue: ReconcileQueue): readonly (() => void)[] {
    this.#queue = queue
    this.#sinceMs = this.#context.clock.monotonicMs()
    return this.#kinds.subscribe(({ key }) => ({
      added: (object) => {
        if (concerns(object) && !this.#isOwned(object)) queue.add(keyOf(key, object))
      },
      updated: (object, previous) => {
        if (concerns(object) && !this.#isOwned(object)) queue.add(keyOf(key, object))
        // A dependent that let go may be the one its owner waits for.
        if (previous.metadata.ownerReferences !== undefined)
          this.#enqueueOwners(previous, (owner) => isWaiting(owner))
        // Foreground deletion begins with the dependents.
        if (isWaiting(object) && !isWaiting(previous)) this.#enqueueDependents(object)
      },
      deleted: (object) => {
        this.#isAbsent(object)
        this.#enqueueDependents(object)
        this.#enqueueOwners(object, isWaiting)
      },
    }))
  }

  #isAbsent({ metadata: { uid = '' } }: KubernetesObject): void {
    this.#absent.add(uid)
    const [oldest] = this.#absent
    if (this.#absent.size > absentOwnersMax && oldest !== undefined) this.#absent.delete(oldest)
  }

  /** True for the usual object: not going, and all its owners are in the copy and well. */
  #isOwned({ metadata }: KubernetesObject): boolean {
    if (metadata.deletionTimestamp !== undefined) return false
    return (metadata.ownerReferences ?? []).every((reference) => {
      const owner = this.#cachedOwner(metadata.namespace, reference)
      return owner !== undefined && !isWaiting(owner)
    })
  }

  #cachedOwner(
    namespace: string | undefined,
    { apiVersion, kind, name, uid }: OwnerReference,
  ): KubernetesObject | undefined {
    const known = this.#kinds.find(apiVersion, kind)
    const key = known?.path.namespaced ? `${namespace ?? ''}/${name}` : name
    const owner = known?.informer.get(key)
    return owner?.metadata.uid === uid ? owner : undefined
  }

  async reconcile(key: string): Promise<RequeueAfter | undefined> {
    const [kind = '', name = ''] = key.split('|')
    const known = this.#kinds.get(kind)
    const cached = known?.informer.get(name)
    if (!known || !cached) return undefined
    if (this.#mayMissDependents(cached)) return { requeueAfterMs: incompleteAgainMs }
    const dependents = this.#dependentsOf(cached)
    const owners = await this.#ownersOf(cached)
    const action = decideGarbage({ object: cached, owners, dependents })
    await this.#perform(known, cached, action)
    return undefined
  }

  /** Who goes after its dependents, or without them, must know them all. */
  #mayMissDependents(object: KubernetesObject): boolean {
    if (this.#kinds.complete) return false
    if (!isWaiting(object) && !hasFinalizer(object, orphanFinalizer)) return false
    return this.#context.clock.monotonicMs() - this.#sinceMs < incompleteMsMax
  }

  async #perform(
    { path, key }: CollectedKind,
    object: KubernetesObject,
    action: GarbageAction,
  ): Promise<void> {
    const resource = this.#context.client.resource<KubernetesObject>(path)
    const { namespace = '', name = '', uid = '' } = object.metadata
    try {
      switch (action.kind) {
        case 'nothing':
          return
        case 'delete': {
          const { metadata } = action.unblock
            ? await resource.patch(namespace, name, mergePatch, unblockPatch(object))
            : object
          // Somebody may just be giving it another owner: what is decided holds for this version only.
          const { resourceVersion = '' } = metadata
          const preconditions = { uid, resourceVersion }
          const propagationPolicy = action.policy
          await resource.delete(namespace, name, { preconditions, propagationPolicy })
          const detail = { object: keyOf(key, object), policy: action.policy }
          this.#context.emit('controller', 'garbage-collected', { detail })
          return
        }
        case 'forget-owners':
          await resource.patch(namespace, name, mergePatch, releasePatch(object, action.uids))
          return
        case 'collect-dependents':
          for (const dependent of action.dependents) this.#enqueueObject(dependent)
          return
        case 'orphan-dependents':
          await this.#orphan(object, action.dependents)
          await removeFinalizer(resource, object, orphanFinalizer)
          return
        case 'remove-finalizer':
          await removeFinalizer(resource, object, action.finalizer)
      }
    } catch (error) {
      // Gone already: that was the aim.
      if (!isStatus(error, 'NotFound')) throw error
    }
  }

  async #orphan(object: KubernetesObject, dependents: readonly KubernetesObject[]): Promise<void> {
    const uids = new Set([object.metadata.uid ?? ''])
    for (const dependent of dependents) {
      const found = this.#kindOf(dependent)
      if (!found) continue
      const { namespace = '', name = '' } = dependent.metadata
      const resource = this.#context.client.resource<KubernetesObject>(found.path)
      try {
        await resource.patch(namespace, name, mergePatch, releasePatch(dependent, uids))
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
      }
    }
  }

  async #ownersOf(object: KubernetesObject): Promise<ReadonlyMap<string, OwnerState>> {
    const states = new Map<string, OwnerState>()
    for (const reference of object.metadata.ownerReferences ?? []) {
      const state = await this.#ownerState(object, reference)
      if (state) states.set(reference.uid, state)
    }
    return states
  }

  /** From the copy when it is there; that it is not there is never believed without asking. */
  async #ownerState(
    object: KubernetesObject,
    reference: OwnerReference,
  ): Promise<OwnerState | undefined> {
    if (this.#absent.has(reference.uid)) return 'absent'
    const kind = this.#kinds.find(reference.apiVersion, reference.kind)
    if (!kind) return undefined
    const cached = this.#cachedOwner(object.metadata.namespace, reference)
    if (cached) return isWaiting(cached) ? 'waiting' : 'solid'
    const namespace = kind.path.namespaced ? (object.metadata.namespace ?? '') : ''
    try {
      const resource = this.#context.client.resource<KubernetesObject>(kind.path)
      const live = await resource.get(namespace, reference.name)
      if (live.metadata.uid !== reference.uid) return 'absent'
      return isWaiting(live) ? 'waiting' : 'solid'
    } catch (error) {
      if (isStatus(error, 'NotFound')) return 'absent'
      throw error
    }
  }

  #dependentsOf(object: KubernetesObject): readonly KubernetesObject[] {
    const uid = object.metadata.uid ?? ''
    return [...this.#kinds.all()].flatMap(({ informer }) => informer.indexed('byOwner', uid))
  }

  #enqueueDependents(object: KubernetesObject): void {
    const uid = object.metadata.uid ?? ''
    for (const { key, informer } of this.#kinds.all())
      for (const dependent of informer.indexed('byOwner', uid))
        this.#queue?.add(keyOf(key, dependent))
  }

  #enqueueOwners(object: KubernetesObject, which: (owner: KubernetesObject) => boolean): void {
    for (const reference of object.metadata.ownerReferences ?? []) {
      const owner = this.#cachedOwner(object.metadata.namespace, reference)
      const kind = this.#kinds.find(reference.apiVersion, reference.kind)
      if (owner && kind && which(owner)) this.#queue?.add(keyOf(kind.key, owner))
    }
  }

  #enqueueObject(object: KubernetesObject): void {
    const found = this.#kindOf(object)
    if (found) this.#queue?.add(keyOf(found.key, object))
  }

  /** The kind of an object from a copy, found by where it is: lists may leave its kind out. */
  #kindOf(object: KubernetesObject): CollectedKind | undefined {
    const key = objectKey(object)
    for (const kind of this.#kinds.all())
      if (kind.informer.get(key)?.metadata.uid === object.metadata.uid) return kind
    return undefined
  }
}

function concerns({ metadata }: KubernetesObject): boolean {
  if (metadata.ownerReferences?.length) return true
  const finalizers = metadata.finalizers ?? []
  const ours = finalizers.includes(orphanFinalizer) || finalizers.includes(foregroundFinalizer)
  return metadata.deletionTimestamp !== undefined && ours
}

async function removeFinalizer(
  resource: ResourceClient<KubernetesObject>,
  object: KubernetesObject,
  finalizer: string,
): Promise<void> {
  const { namespace = '', name = '', uid, resourceVersion, finalizers = [] } = object.metadata
  if (!hasFinalizer(object, finalizer)) return
  const kept = finalizers.filter((one) => one !== finalizer)
  const patch = {
    metadata: { uid, resourceVersion, finalizers: kept.length > 0 ? kept : null },
  }
  await resource.patch(namespace, name, mergePatch, patch)
}

function unblockPatch({ metadata }: KubernetesObject): unknown {
  const { uid, ownerReferences = [] } = metadata
  const unblocked = ownerReferences.map((one) => ({ ...one, blockOwnerDeletion: false }))
  return { metadata: { uid, ownerReferences: unblocked } }
}

function keyOf(kind: string, object: KubernetesObject): string {
  return `${kind}|${objectKey(object)}`
}
