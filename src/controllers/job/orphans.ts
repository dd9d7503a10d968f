import { isStatus } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import { jobs as jobsOf, paths, pods as podsOf } from '../../client/resources.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type { Job, Pod } from '../../kinds/types.ts'
import type { Controller, ControllerContext } from '../controller.ts'
import { byController, byNamespace, controllerOf } from '../ownership.ts'
import { finishedCondition, isManagedElsewhere, isTracked } from './job-facts.ts'
import { untrackPatch } from './pod-control.ts'
import { jobApiVersion, jobKind } from './pods.ts'

/**
 * Takes the Job's finalizer from pods that no Job will ever count: those whose Job is gone or over, and
 * those that lost their owner (pkg/controller/job/job_controller.go, syncOrphanPod).
 */
export function jobOrphanController(context: ControllerContext): Controller {
  const { client, informers } = context
  const jobs = informers.informer<Job>(paths.jobs, { indexes: { byNamespace } })
  const pods = informers.informer<Pod>(paths.pods, { indexes: { byController, byNamespace } })
  /** False as far as the copy knows, for which a Job may be too new. */
  const isCounted = (pod: Pod, job: Job | undefined): boolean => {
    const owner = controllerOf(pod)
    if (!owner) return false
    if (owner.kind !== jobKind || owner.apiVersion !== jobApiVersion) return true
    if (!job || job.metadata.uid !== owner.uid) return false
    return isManagedElsewhere(job) || finishedCondition(job) === undefined
  }
  const ownerKey = (pod: Pod) => `${pod.metadata.namespace}/${controllerOf(pod)?.name}`
  const look = (queue: { add(key: string): void }, pod: Pod) => {
    if (isTracked(pod) && !isCounted(pod, jobs.get(ownerKey(pod)))) queue.add(objectKey(pod))
  }
  const lookAtAll = (queue: { add(key: string): void }, job: Job) => {
    const { namespace = '', uid = '' } = job.metadata
    const selector = selectorOf(job.spec?.selector)
    for (const pod of pods.indexed('byController', uid)) look(queue, pod)
    for (const pod of pods.indexed('byNamespace', namespace))
      if (!controllerOf(pod) && selector.matches(pod.metadata.labels)) look(queue, pod)
  }
  return {
    name: 'job-orphans',
    workers: 4,
    subscribe: (queue) => [
      pods.subscribe({
        added: (pod) => look(queue, pod),
        updated: (pod) => look(queue, pod),
      }),
      jobs.subscribe({
        updated: (job) => {
          if (finishedCondition(job)) lookAtAll(queue, job)
        },
        deleted: (job) => lookAtAll(queue, job),
      }),
    ],
    async reconcile(key) {
      const pod = pods.get(key)
      if (!pod || !isTracked(pod) || isCounted(pod, jobs.get(ownerKey(pod)))) return undefined
      if (isCounted(pod, await liveOwner(pod))) return undefined
      const { namespace = '', name = '' } = pod.metadata
      const type = 'application/strategic-merge-patch+json'
      try {
        await podsOf(client).patch(namespace, name, type, untrackPatch(pod))
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
      }
      return undefined
    },
  }

  async function liveOwner(pod: Pod): Promise<Job | undefined> {
    const owner = controllerOf(pod)
    if (!owner) return undefined
    try {
      return await jobsOf(client).get(pod.metadata.namespace ?? '', owner.name)
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }
}
