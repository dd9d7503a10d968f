import { isStatus } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import { jobs as jobsOf, paths } from '../../client/resources.ts'
import type { Job } from '../../kinds/types.ts'
import type { Controller, ControllerContext } from '../controller.ts'
import { finishedCondition } from './job-facts.ts'

/** Milliseconds until a finished Job has outlived its ttlSecondsAfterFinished; undefined: it stays. */
export function lifeLeftMs(job: Job, nowMs: number): number | undefined {
  const { ttlSecondsAfterFinished } = job.spec ?? {}
  const finishedMs = Date.parse(finishedCondition(job)?.lastTransitionTime ?? '')
  if (ttlSecondsAfterFinished === undefined || job.metadata.deletionTimestamp !== undefined)
    return undefined
  if (Number.isNaN(finishedMs)) return undefined
  return Math.max(0, finishedMs + ttlSecondsAfterFinished * 1_000 - nowMs)
}

/** Deletes finished Jobs when their time is over (pkg/controller/ttlafterfinished). */
export function ttlAfterFinishedController(context: ControllerContext): Controller {
  const { client, informers, clock, emit } = context
  const jobs = informers.informer<Job>(paths.jobs)
  const enqueue = (queue: { add(key: string): void }) => (job: Job) => {
    if (lifeLeftMs(job, clock.wallMs()) !== undefined) queue.add(objectKey(job))
  }
  return {
    name: 'ttl-after-finished',
    workers: 2,
    subscribe: (queue) => [jobs.subscribe({ added: enqueue(queue), updated: enqueue(queue) })],
    async reconcile(key) {
      const cached = jobs.get(key)
      const leftMs = cached && lifeLeftMs(cached, clock.wallMs())
      if (!cached || leftMs === undefined) return undefined
      if (leftMs > 0) return { requeueAfterMs: leftMs }
      const { namespace = '', name = '' } = cached.metadata
      try {
        // The time may have been made longer a moment ago.
        const live = await jobsOf(client).get(namespace, name)
        const liveLeftMs = lifeLeftMs(live, clock.wallMs())
        if (liveLeftMs === undefined) return undefined
        if (liveLeftMs > 0) return { requeueAfterMs: liveLeftMs }
        const { uid = '', resourceVersion = '' } = live.metadata
        await jobsOf(client).delete(namespace, name, {
          propagationPolicy: 'Foreground',
          preconditions: { uid, resourceVersion },
        })
        emit('controller', 'job-expired', { detail: { job: key } })
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
      }
      return undefined
    },
  }
}
