import { isStatus, StatusError } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import {
  deployments as deploymentsOf,
  paths,
  replicaSets as replicaSetsOf,
} from '../../client/resources.ts'
import type { Deployment, DeploymentStatus, Pod, ReplicaSet } from '../../kinds/types.ts'
import type { Controller, ControllerContext, RequeueAfter } from '../controller.ts'
import { Expectations } from '../expectations.ts'
import { BeginAnewError } from '../owned-pods.ts'
import {
  adoptPatch,
  byController,
  byNamespace,
  controllerOf,
  controllerReference,
  releasePatch,
} from '../ownership.ts'
import { isTerminal } from '../pod-facts.ts'
import { type DeploymentDecision, decideDeployment, type Resize } from './decide.ts'
import { revisionAnnotation } from './revision.ts'
import { sizeOf } from './sizes.ts'
import { sameStatus, withCondition } from './status.ts'
import { sameTemplate } from './template.ts'

const mergePatch = 'application/merge-patch+json'
const lagMs = 1_000

/** Rolls Deployments out through ReplicaSets (pkg/controller/deployment). */
export function deploymentController(context: ControllerContext): Controller {
  return new DeploymentController(context)
}

class DeploymentController implements Controller {
  readonly name = 'deployment'
  readonly workers = 8
  readonly #context: ControllerContext
  readonly #deployments
  readonly #sets
  readonly #pods
  readonly #expectations: Expectations

  constructor(context: ControllerContext) {
    this.#context = context
    const { informers, clock } = context
    this.#deployments = informers.informer<Deployment>(paths.deployments, {
      indexes: { byNamespace },
    })
    this.#sets = informers.informer<ReplicaSet>(paths.replicaSets, {
      indexes: { byController, byNamespace },
    })
    this.#pods = informers.informer<Pod>(paths.pods, { indexes: { byController } })
    this.#expectations = new Expectations(this.#sets, clock)
  }

  subscribe(queue: { add(key: string): void }): readonly (() => void)[] {
    const enqueue = (deployment: Deployment) => queue.add(objectKey(deployment))
    const enqueueOwner = (set: ReplicaSet) => {
      const reference = controllerOf(set)
      const namespace = set.metadata.namespace ?? ''
      if (reference?.kind === 'Deployment') queue.add(`${namespace}/${reference.name}`)
      else if (!reference)
        for (const one of this.#deployments.indexed('byNamespace', namespace)) enqueue(one)
    }
    // Only Recreate waits for pods: for the end of the last old one.
    const podEnded = (pod: Pod) => {
      const reference = controllerOf(pod)
      if (reference?.kind !== 'ReplicaSet') return
      const set = this.#sets.get(`${pod.metadata.namespace ?? ''}/${reference.name}`)
      if (set) enqueueOwner(set)
    }
    return [
      this.#deployments.subscribe({
        added: enqueue,
        updated: enqueue,
        deleted: (deployment) => this.#expectations.forget(objectKey(deployment)),
      }),
      this.#sets.subscribe({
        added: enqueueOwner,
        updated: (set, previous) => {
          enqueueOwner(set)
          if (controllerOf(previous)?.uid !== controllerOf(set)?.uid) enqueueOwner(previous)
        },
        deleted: enqueueOwner,
      }),
      this.#pods.subscribe({
        updated: (pod, previous) => {
          if (isTerminal(pod) && !isTerminal(previous)) podEnded(pod)
        },
        deleted: podEnded,
      }),
    ]
  }

  async reconcile(key: string): Promise<RequeueAfter | undefined> {
    const deployment = this.#deployments.get(key)
    if (!deployment) return undefined
    if (!this.#expectations.satisfied(key)) return { requeueAfterMs: lagMs }
    const decision = decideDeployment({
      deployment,
      replicaSets: this.#candidates(deployment),
      podsOf: (uid) =>
        this.#pods.indexed('byController', uid).filter((pod) => !isTerminal(pod)).length,
      nowMs: this.#context.clock.wallMs(),
    })
    await this.#claim(key, deployment, decision)
    if (decision.create) await this.#create(key, deployment, decision.create)
    for (const resize of decision.resize) await this.#resize(key, deployment, resize)
    const sets = replicaSetsOf(this.#context.client)
    for (const { metadata } of decision.delete) {
      const preconditions = { uid: metadata.uid ?? '' }
      await sets.delete(metadata.namespace ?? '', metadata.name ?? '', { preconditions })
    }
    await this.#tell(deployment, decision.revision, decision.status)
    const { requeueAfterMs } = decision
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs }
  }

  #candidates(deployment: Deployment): readonly ReplicaSet[] {
    const { uid = '', namespace = '' } = deployment.metadata
    const orphans = this.#sets
      .indexed('byNamespace', namespace)
      .filter((set) => controllerOf(set) === undefined)
    return [...this.#sets.indexed('byController', uid), ...orphans]
  }

  async #claim(key: string, deployment: Deployment, decision: DeploymentDecision): Promise<void> {
    const sets = replicaSetsOf(this.#context.client)
    const reference = controllerReference('apps/v1', 'Deployment', deployment)
    const uids = new Set([deployment.metadata.uid ?? ''])
    const patches = [
      ...decision.adopt.map((set) => [set, adoptPatch(set, reference)] as const),
      ...decision.release.map((set) => [set, releasePatch(set, uids)] as const),
    ]
    for (const [{ metadata }, patch] of patches) {
      const { namespace = '', name = '' } = metadata
      this.#expectations.wrote(key, await sets.patch(namespace, name, mergePatch, patch))
    }
    // What was just adopted has a new version: go on from the copy that shows it.
    if (patches.length > 0) throw new BeginAnewError('the replica sets changed')
  }

  async #create(key: string, deployment: Deployment, set: ReplicaSet): Promise<void> {
    const { client } = this.#context
    const { namespace = '', name = '' } = set.metadata
    try {
      this.#expectations.wrote(key, await replicaSetsOf(client).create(namespace, set))
    } catch (error) {
      if (isStatus(error, 'AlreadyExists')) return await this.#collided(key, deployment, set)
      await this.#tellCreateFailed(deployment, name, error)
      throw error
    }
    const size = sizeOf(set)
    if (size > 0) this.#told(deployment, set, 0, size)
  }

  /** The name is taken: by our own set that the copy does not show yet, or by another template. */
  async #collided(key: string, deployment: Deployment, set: ReplicaSet): Promise<void> {
    const { client } = this.#context
    const { namespace = '', name = '' } = set.metadata
    const there = await replicaSetsOf(client).get(namespace, name)
    const ours = controllerOf(there)?.uid === deployment.metadata.uid
    if (ours && sameTemplate(there.spec?.template, set.spec?.template)) {
      this.#expectations.wrote(key, there)
      return
    }
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1
    const status = { ...deployment.status, collisionCount }
    await deploymentsOf(client).updateStatus({ ...deployment, status })
    throw new BeginAnewError('the replica sets changed')
  }

  async #tellCreateFailed(deployment: Deployment, name: string, error: unknown): Promise<void> {
    const { client, clock, recorder } = this.#context
    const why = error instanceof StatusError ? error.message : String(error)
    const message = `Failed to create new replica set "${name}": ${why}`
    recorder.event(withKind(deployment), 'Warning', 'ReplicaSetCreateError', message)
    const status = withCondition(
      deployment.status ?? {},
      { type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message },
      clock.wallMs(),
    )
    if (sameStatus(status, deployment.status)) return
    await deploymentsOf(client).updateStatus({ ...deployment, status })
  }

  async #resize(key: string, deployment: Deployment, resize: Resize): Promise<void> {
    const { replicaSet, replicas, annotations, minReadySeconds } = resize
    const { spec } = replicaSet
    if (!spec) return
    const next: ReplicaSet = {
      ...replicaSet,
      metadata: { ...replicaSet.metadata, annotations: { ...annotations } },
      spec: { ...spec, replicas, ...(minReadySeconds === undefined ? {} : { minReadySeconds }) },
    }
    const written = await replicaSetsOf(this.#context.client).update(next)
    this.#expectations.wrote(key, written)
    const before = sizeOf(replicaSet)
    if (before !== replicas) this.#told(deployment, replicaSet, before, replicas)
  }

  #told(deployment: Deployment, set: ReplicaSet, before: number, after: number): void {
    const { recorder, emit } = this.#context
    const { name = '' } = set.metadata
    const way = after >= before ? 'up' : 'down'
    const text = `Scaled ${way} replica set ${name} from ${before} to ${after}`
    recorder.event(withKind(deployment), 'Normal', 'ScalingReplicaSet', text)
    const detail = { replicaSet: objectKey(set), before, after }
    emit('controller', 'replica-set-scaled', { detail })
  }

  /** Writes the revision, then the status on top of the version that gave. */
  async #tell(
    deployment: Deployment,
    revision: string | undefined,
    status: DeploymentStatus,
  ): Promise<void> {
    const client = deploymentsOf(this.#context.client)
    let current = deployment
    if (revision !== undefined) {
      const { namespace = '', name = '', uid } = deployment.metadata
      const annotations = { [revisionAnnotation]: revision }
      const patch = { metadata: { uid, annotations } }
      current = await client.patch(namespace, name, mergePatch, patch)
    }
    if (!sameStatus(status, deployment.status)) await client.updateStatus({ ...current, status })
  }
}

function withKind(deployment: Deployment): Deployment {
  return { ...deployment, apiVersion: 'apps/v1', kind: 'Deployment' }
}
