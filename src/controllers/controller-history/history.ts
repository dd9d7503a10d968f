import { isStatus } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import { controllerRevisions, paths } from '../../client/resources.ts'
import type { KubernetesObject } from '../../client/typed.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type { ControllerRevision, LabelSelector, PodTemplateSpec } from '../../kinds/types.ts'
import type { ControllerContext, ReconcileQueue } from '../controller.ts'
import { Expectations } from '../expectations.ts'
import { BeginAnewError, mayAdopt, type OwnerKind } from '../owned-pods.ts'
import {
  adoptPatch,
  byController,
  byNamespace,
  type Claims,
  claim,
  controllerOf,
  controllerReference,
  releasePatch,
} from '../ownership.ts'
import { decideHistory, revisionLabels } from './decide.ts'
import { dataToday, revisionData, revisionHash, revisionName, sameData } from './revision-data.ts'

const mergePatch = 'application/merge-patch+json'
/** Names tried in one pass. */
const collisionsMax = 16

/** An object whose pods' template has a history. It carries its apiVersion and kind. */
export interface RevisedOwner extends KubernetesObject {
  readonly spec?:
    | { readonly selector: LabelSelector; readonly template: PodTemplateSpec }
    | undefined
  readonly status?: { readonly collisionCount?: number | undefined } | undefined
}

export interface RevisedKind extends OwnerKind {
  /** Labels of a revision that carry its hash. */
  readonly hashLabels: readonly string[]
  /** A revision that only lacks defaults of today is the present one. */
  readonly fillsDefaults?: boolean
}

/** The present revision of an owner, which exists, and those before it. */
export interface History {
  readonly current: ControllerRevision
  readonly old: readonly ControllerRevision[]
  readonly duplicates: readonly ControllerRevision[]
  readonly collisionCount: number | undefined
}

/** ControllerRevisions of the objects of one kind (pkg/controller/history). */
export class ControllerHistory {
  readonly #context: ControllerContext
  readonly #kind: RevisedKind
  readonly #revisions
  readonly #expectations: Expectations

  constructor(context: ControllerContext, kind: RevisedKind) {
    this.#context = context
    this.#kind = kind
    this.#revisions = context.informers.informer<ControllerRevision>(paths.controllerRevisions, {
      indexes: { byController, byNamespace },
    })
    this.#expectations = new Expectations(this.#revisions, context.clock)
  }

  /** Queues the owner of each revision that changes; for an orphan all owners of its namespace. */
  subscribe(
    queue: Pick<ReconcileQueue, 'add'>,
    inNamespace: (namespace: string) => readonly KubernetesObject[],
  ): () => void {
    const changed = (revision: ControllerRevision) => {
      const reference = controllerOf(revision)
      const namespace = revision.metadata.namespace ?? ''
      if (reference?.kind === this.#kind.kind) queue.add(`${namespace}/${reference.name}`)
      else if (!reference) for (const owner of inNamespace(namespace)) queue.add(objectKey(owner))
    }
    return this.#revisions.subscribe({
      added: changed,
      updated: (revision, previous) => {
        changed(revision)
        if (controllerOf(previous)?.uid !== controllerOf(revision)?.uid) changed(previous)
      },
      deleted: changed,
    })
  }

  satisfied(key: string): boolean {
    return this.#expectations.satisfied(key)
  }

  forget(owner: KubernetesObject): void {
    this.#expectations.forget(objectKey(owner))
  }

  /**
   * Brings the history up to the owner's template: adopts, lets go, makes the present revision or
   * gives it the highest number again. What was adopted or let go ends the pass.
   */
  async construct(owner: RevisedOwner): Promise<History> {
    const claims = this.#claims(owner)
    if (claims.adopt.length + claims.release.length > 0) await this.#claim(owner, claims)
    const data = revisionData(owner.spec?.template)
    const isSameToday = (newest: ControllerRevision) =>
      this.#kind.fillsDefaults === true && sameData(dataToday(newest), data)
    const { current, number, old, duplicates } = decideHistory(claims.owned, data, isSameToday)
    const { collisionCount } = owner.status ?? {}
    if (!current) return { ...(await this.#create(owner, data, number)), old, duplicates }
    if (current.revision === number) return { current, old, duplicates, collisionCount }
    const renumbered = await this.#renumber(owner, current, number)
    return { current: renumbered, old, duplicates, collisionCount }
  }

  async delete(owner: KubernetesObject, revisions: readonly ControllerRevision[]): Promise<void> {
    for (const { metadata } of revisions) {
      const { namespace = '', name = '', uid = '' } = metadata
      try {
        const preconditions = { uid }
        await controllerRevisions(this.#context.client).delete(namespace, name, { preconditions })
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
      }
      this.#expectations.deleted(objectKey(owner), `${namespace}/${name}`, uid)
    }
  }

  #claims(owner: RevisedOwner): Claims<ControllerRevision> {
    const { uid = '', namespace = '' } = owner.metadata
    const orphans = this.#revisions
      .indexed('byNamespace', namespace)
      .filter((revision) => controllerOf(revision) === undefined)
    const selector = selectorOf(owner.spec?.selector)
    return claim(owner, (labels) => !selector.empty && selector.matches(labels), [
      ...this.#revisions.indexed('byController', uid),
      ...orphans,
    ])
  }

  async #claim(owner: RevisedOwner, claims: Claims<ControllerRevision>): Promise<never> {
    const { apiVersion = '', kind = '' } = owner
    const { adopt, release } = claims
    const reference = controllerReference(apiVersion, kind, owner)
    const uids = new Set([owner.metadata.uid ?? ''])
    if (adopt.length > 0) await mayAdopt(this.#context, this.#kind.path, owner)
    for (const revision of adopt)
      await this.#patch(owner, revision, adoptPatch(revision, reference))
    for (const revision of release) await this.#patch(owner, revision, releasePatch(revision, uids))
    throw new BeginAnewError('revisions were adopted or released')
  }

  /** Under the hash of its data; when another revision has that name, under one of the next hashes. */
  async #create(
    owner: RevisedOwner,
    data: unknown,
    number: number,
  ): Promise<{ current: ControllerRevision; collisionCount: number | undefined }> {
    const revisions = controllerRevisions(this.#context.client)
    const { name: ownerName = '', namespace = '' } = owner.metadata
    let { collisionCount } = owner.status ?? {}
    for (let tries = 1; ; tries += 1) {
      const hash = revisionHash(data, collisionCount ?? 0)
      const name = revisionName(ownerName, hash)
      try {
        const made = await revisions.create(namespace, this.#revision(owner, data, hash, number))
        this.#expectations.wrote(objectKey(owner), made)
        return { current: made, collisionCount }
      } catch (error) {
        if (!isStatus(error, 'AlreadyExists') || tries > collisionsMax) throw error
      }
      const there = await revisions.get(namespace, name)
      this.#expectations.wrote(objectKey(owner), there)
      if (controllerOf(there)?.uid === owner.metadata.uid && sameData(there.data, data))
        return { current: there, collisionCount }
      collisionCount = (collisionCount ?? 0) + 1
    }
  }

  #revision(owner: RevisedOwner, data: unknown, hash: string, number: number): ControllerRevision {
    const { apiVersion = '', kind = '', metadata, spec } = owner
    const { name = '', namespace, annotations } = metadata
    return {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name: revisionName(name, hash),
        namespace,
        labels: revisionLabels(spec?.template.metadata?.labels, this.#kind.hashLabels, hash),
        ...(annotations ? { annotations } : {}),
        ownerReferences: [controllerReference(apiVersion, kind, owner)],
      },
      data,
      revision: number,
    }
  }

  async #renumber(
    owner: RevisedOwner,
    revision: ControllerRevision,
    number: number,
  ): Promise<ControllerRevision> {
    const written = await controllerRevisions(this.#context.client).update({
      ...revision,
      revision: number,
    })
    this.#expectations.wrote(objectKey(owner), written)
    return written
  }

  async #patch(owner: RevisedOwner, revision: ControllerRevision, patch: unknown): Promise<void> {
    const { namespace = '', name = '' } = revision.metadata
    const revisions = controllerRevisions(this.#context.client)
    this.#expectations.wrote(
      objectKey(owner),
      await revisions.patch(namespace, name, mergePatch, patch),
    )
  }
}
