import type { Logger } from '../base/log.ts'
import type { Scope } from '../base/scope.ts'
import { ConfigError } from './config/config-error.ts'

/** Exit codes of members and commands; 0 is success. */
export const exitCodes = {
  failure: 1,
  /** EX_CONFIG of sysexits.h: the same start would fail the same way. A supervisor must not retry. */
  configuration: 78,
} as const

/**
 * Ends the process in order on SIGTERM or SIGINT: the scope closes everything, newest first. A second
 * signal, or `graceMs`, ends it at once; durable state needs no goodbye.
 */
export function endOnSignals(scope: Scope, logger: Logger, graceMs: number): void {
  let asked = false
  const end = (signal: NodeJS.Signals) => {
    if (asked) process.exit(exitCodes.failure)
    asked = true
    logger.info({ signal }, 'stopping')
    const timer = setTimeout(() => {
      logger.warn({ graceMs, waitsFor: scope.waitsFor }, 'parts did not stop in time')
      process.exit(exitCodes.failure)
    }, graceMs)
    timer.unref()
    scope.close().then(
      () => process.exit(0),
      (error) => {
        logger.error({ error: String(error) }, 'parts did not stop cleanly')
        process.exit(exitCodes.failure)
      },
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

/** A broken invariant or an unexpected error ends the process: crash, restart, replay. */
export function endOnCrash(logger: Logger): void {
  const crash = (error: unknown) => {
    logger.error({ error: error instanceof Error ? error.stack : String(error) }, 'crashed')
    process.exit(exitCodes.failure)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
}

/** Prints what a person must know and do, and chooses the exit code. */
export function reportFailure(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`error: ${error.message}\n${error.nextStep}\n`)
    return exitCodes.configuration
  }
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`error: ${message}\n`)
  // Not for the configuration alone: what listens may be this member as it was, on its way out.
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    const port = /:(\d+)$/.exec(message)?.[1] ?? 'PORT'
    process.stderr.write(
      `stop what listens there (ss -ltnp 'sport = :${port}' shows it) or change the address in the configuration\n`,
    )
  }
  return exitCodes.failure
}
