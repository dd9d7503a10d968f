import type { Scope } from '../base/scope.ts'
import { isStatus } from '../base/status.ts'
import { createWorkQueue, type WorkQueue } from '../client/work-queue.ts'
import type { Controller, ControllerContext } from './controller.ts'

type RunnerContext = Pick<ControllerContext, 'clock' | 'logger' | 'pause'>

/**
 * Runs one controller until the scope closes: its queue, its workers, its retries. A subscription
 * starts with all that is in the informers, so the first thing that runs is a full pass.
 */
export function runController(controller: Controller, context: RunnerContext, scope: Scope): void {
  let unsubscribe: readonly (() => void)[] = []
  const subscribe = () => {
    for (const off of unsubscribe) off()
    unsubscribe = controller.subscribe({
      add: (key) => void queue.add(key),
      addAfter: (key, delayMs) => queue.addAfter(key, delayMs),
    })
  }
  const queue: WorkQueue = createWorkQueue({
    clock: context.clock,
    retryMaxMs: 30_000,
    retriesPerSecond: 100,
    // Keys that did not fit come again: a new subscription tells everything anew.
    onDrained: subscribe,
  })
  subscribe()
  const workers = Array.from({ length: controller.workers }, () =>
    work(controller, queue, context, scope),
  )
  scope.onClose(`controller ${controller.name}`, async () => {
    for (const off of unsubscribe) off()
    queue.shutDown()
    await Promise.all(workers)
  })
}

async function work(
  controller: Controller,
  queue: WorkQueue,
  context: RunnerContext,
  scope: Scope,
): Promise<void> {
  for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
    await context.pause()
    if (scope.closed) return
    try {
      const result = await controller.reconcile(key)
      queue.forget(key)
      if (result) queue.addAfter(key, Math.max(1, result.requeueAfterMs))
    } catch (error) {
      if (!scope.closed) {
        logFailure(controller, queue, key, error, context)
        queue.addRateLimited(key)
      }
    } finally {
      queue.done(key)
    }
  }
}

/** Conflicts and outages are part of the work; anything else deserves a line. */
function logFailure(
  controller: Controller,
  queue: WorkQueue,
  key: string,
  error: unknown,
  { logger }: Pick<RunnerContext, 'logger'>,
): void {
  const fields = { controller: controller.name, key, failures: queue.failures(key) + 1, err: error }
  const usual = isStatus(
    error,
    'Conflict',
    'AlreadyExists',
    'NotFound',
    'ServiceUnavailable',
    'Timeout',
    'TooManyRequests',
  )
  if (usual) logger.debug(fields, 'reconcile interrupted')
  else logger.warn(fields, 'reconcile failed')
}
