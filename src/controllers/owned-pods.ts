import { limits } from '../base/limits.ts'
import { isStatus, StatusError } from '../base/status.ts'
import { objectKey } from '../client/informer.ts'
import { paths, pods as podsOf } from '../client/resources.ts'
import type { KubernetesObject, ResourcePath } from '../client/typed.ts'
import type { Labels } from '../kinds/selector.ts'
import type { Pod } from '../kinds/types.ts'
import type { ControllerContext, ReconcileQueue } from './controller.ts'
import { Expectations } from './expectations.ts'
import {
  adoptPatch,
  byController,
  byNamespace,
  controllerOf,
  controllerReference,
  releasePatch,
} from './ownership.ts'
import { isActive, isTerminating } from './pod-facts.ts'

const mergePatch = 'application/merge-patch+json'
const slowStartFirst = 1
/** As many as the log takes in one round; more at once would only hold the event loop longer. */
const atOnceMax = limits.proposalCommandsMax

/** The kind whose objects own the pods. */
export interface OwnerKind {
  readonly kind: string
  readonly path: ResourcePath
}

/**
 * The pods of the objects of one kind, as their controller sees and changes them: no decision comes from
 * a copy that lags behind the controller's own writes. Owners carry their apiVersion and kind.
 */
export class OwnedPods {
  readonly #context: ControllerContext
  readonly #kind: OwnerKind
  readonly #pods
  readonly #expectations: Expectations
  /** Owners whose pods were read live in this term; see `live`. */
  readonly #verified = new Set<string>()

  constructor(context: ControllerContext, kind: OwnerKind) {
    this.#context = context
    this.#kind = kind
    const { informers, clock } = context
    this.#pods = informers.informer<Pod>(paths.pods, { indexes: { byController, byNamespace } })
    this.#expectations = new Expectations(this.#pods, clock)
  }

  /**
   * Queues the owner of each pod that changes; an orphan may be wanted by any owner of its namespace
   * whose selector matches, which `wanting` lists by their keys.
   */
  subscribe(
    queue: Pick<ReconcileQueue, 'add'>,
    wanting: (namespace: string, labels: Labels) => readonly string[],
  ): () => void {
    const changed = (pod: Pod) => {
      const reference = controllerOf(pod)
      const namespace = pod.metadata.namespace ?? ''
      if (reference?.kind === this.#kind.kind) queue.add(`${namespace}/${reference.name}`)
      else if (!reference && isActive(pod))
        for (const key of wanting(namespace, pod.metadata.labels)) queue.add(key)
    }
    return this.#pods.subscribe({
      added: changed,
      updated: (pod, previous) => {
        changed(pod)
        if (controllerOf(previous)?.uid !== controllerOf(pod)?.uid) changed(previous)
      },
      deleted: changed,
    })
  }

  /** True when the copy shows all that was written for this owner. */
  satisfied(key: string): boolean {
    return this.#expectations.satisfied(key)
  }

  forget(owner: KubernetesObject): void {
    this.#expectations.forget(objectKey(owner))
    this.#verified.delete(uidOf(owner))
  }

  /** Those that an owner has, from the copy. */
  ownedBy(uid: string): readonly Pod[] {
    return this.#pods.indexed('byController', uid)
  }

  /** An owner's pods, and the orphans of its namespace. */
  candidates(owner: KubernetesObject): readonly Pod[] {
    const orphans = this.#pods
      .indexed('byNamespace', owner.metadata.namespace ?? '')
      .filter((pod) => controllerOf(pod) === undefined)
    return [...this.ownedBy(uidOf(owner)), ...orphans]
  }

  isVerified(owner: KubernetesObject): boolean {
    return this.#verified.has(uidOf(owner))
  }

  /**
   * The first time in a term that pods are to be made or removed, the API is asked: the copy of a
   * master that leads since a moment ago may miss what the last leader did. Until the copy has caught
   * up with that answer, no other decision is made from it.
   */
  async live(owner: KubernetesObject): Promise<readonly Pod[]> {
    const key = objectKey(owner)
    const { namespace = '', uid = '' } = owner.metadata
    const { items } = await podsOf(this.#context.client).list({ namespace })
    const live = items.filter((pod) => (controllerOf(pod)?.uid ?? uid) === uid)
    const cached = this.ownedBy(uid)
    const known = new Set([...cached, ...live].map(uidOf))
    for (const pod of items) if (known.has(uidOf(pod))) this.#expectations.wrote(key, pod)
    const staying = new Set(items.filter((pod) => !isTerminating(pod)).map(uidOf))
    for (const pod of cached)
      if (!isTerminating(pod) && !staying.has(uidOf(pod)))
        this.#expectations.deleted(key, objectKey(pod), uidOf(pod))
    this.#verified.add(uid)
    return live
  }

  /** Takes and lets go. Nobody adopts who is being deleted, which only the API knows for certain. */
  async claim(
    owner: KubernetesObject,
    { adopt, release }: { readonly adopt: readonly Pod[]; readonly release: readonly Pod[] },
  ): Promise<void> {
    const { apiVersion = '', kind = '' } = owner
    const reference = controllerReference(apiVersion, kind, owner)
    const uids = new Set([uidOf(owner)])
    if (adopt.length > 0) await mayAdopt(this.#context, this.#kind.path, owner)
    for (const pod of adopt) await this.patch(owner, pod, adoptPatch(pod, reference))
    for (const pod of release) await this.patch(owner, pod, releasePatch(pod, uids))
  }

  async patch(owner: KubernetesObject, pod: Pod, patch: unknown): Promise<void> {
    const { namespace = '', name = '' } = pod.metadata
    const pods = podsOf(this.#context.client)
    this.#expectations.wrote(objectKey(owner), await pods.patch(namespace, name, mergePatch, patch))
  }

  async create(owner: KubernetesObject, pod: Pod): Promise<Pod> {
    const made = await podsOf(this.#context.client).create(owner.metadata.namespace ?? '', pod)
    this.#expectations.wrote(objectKey(owner), made)
    return made
  }

  async update(owner: KubernetesObject, pod: Pod): Promise<void> {
    this.#expectations.wrote(objectKey(owner), await podsOf(this.#context.client).update(pod))
  }

  /** False when it was gone already. */
  async delete(owner: KubernetesObject, pod: Pod): Promise<boolean> {
    const { namespace = '', name = '', uid = '' } = pod.metadata
    try {
      await podsOf(this.#context.client).delete(namespace, name, { preconditions: { uid } })
    } catch (error) {
      if (isStatus(error, 'NotFound')) return false
      throw error
    }
    this.#expectations.deleted(objectKey(owner), objectKey(pod), uid)
    return true
  }

  /** Makes pods with a slow start, and tells of each. */
  async createAll(owner: KubernetesObject, wanted: readonly Pod[]): Promise<void> {
    const { recorder, pause } = this.#context
    const make = async (pod: Pod) => {
      const made = await this.create(owner, pod)
      recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`)
    }
    try {
      await slowStart(wanted, make, pause)
    } catch (error) {
      recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
      throw error
    }
  }

  async deleteAll(owner: KubernetesObject, unwanted: readonly Pod[]): Promise<void> {
    const { recorder } = this.#context
    const deletions = unwanted.map(async (pod) => {
      const { name } = pod.metadata
      if (await this.delete(owner, pod))
        recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
    })
    const failed = (await Promise.allSettled(deletions)).find(({ status }) => status === 'rejected')
    if (failed?.status !== 'rejected') return
    const message = `Error deleting: ${messageOf(failed.reason)}`
    recorder.event(owner, 'Warning', 'FailedDelete', message)
    throw failed.reason
  }
}

/**
 * Does things in batches of 1, 2, 4, … 64, and goes on as long as none is refused: what is refused once is
 * not tried hundreds of times. Rejects with the first refusal.
 */
export async function slowStart<T>(
  all: readonly T[],
  act: (one: T) => Promise<void>,
  pause: () => Promise<void>,
): Promise<void> {
  let size = slowStartFirst
  for (let at = 0; at < all.length; at += size, size = Math.min(size * 2, atOnceMax)) {
    const batch = all.slice(at, at + size).map(act)
    const failed = (await Promise.allSettled(batch)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
    await pause()
  }
}

/** Rejects when the owner is another one by now, or is being deleted (controller_ref_manager.go). */
export async function mayAdopt(
  { client }: Pick<ControllerContext, 'client'>,
  path: ResourcePath,
  owner: KubernetesObject,
): Promise<void> {
  const { namespace = '', name = '', uid } = owner.metadata
  const { metadata } = await client.resource<KubernetesObject>(path).get(namespace, name)
  const ends = metadata.deletionTimestamp !== undefined
  if (metadata.uid !== uid || ends)
    throw new BeginAnewError(`${path.resource} "${name}" ${ends ? 'is being deleted' : 'is new'}`)
}

/** Not a failure: the pass begins anew once the copy shows what was written. */
export class BeginAnewError extends StatusError {
  constructor(what: string) {
    super({
      ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 409 },
      ...{ reason: 'Conflict', message: `${what}: begin anew` },
    })
  }
}

/** In a namespace that ends nothing can be made, and its end comes without our help. */
export function isEndOfNamespace(error: unknown): boolean {
  return isStatus(error, 'Forbidden') && /being terminated/.test(error.message)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function uidOf({ metadata }: KubernetesObject): string {
  return metadata.uid ?? ''
}
