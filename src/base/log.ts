import { type Logger as PinoLogger, pino, stdSerializers } from 'pino'
import { StatusError } from './status.ts'

/** What components log to: return an error or log it, never both. Secrets are never passed in. */
export interface Logger {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
  child(bindings: Readonly<Record<string, unknown>>): Logger
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** JSON lines on stderr. */
export function stderrLogger(level: LogLevel, bindings: Record<string, unknown> = {}): Logger {
  const root: PinoLogger = pino(
    { level, base: bindings, serializers: { err: loggedError } },
    pino.destination({ dest: 2, sync: true }),
  )
  return root as unknown as Logger
}

/** Expected failures in a line of reason and text; of anything else, where it comes from as well. */
export function loggedError(error: unknown): unknown {
  if (!(error instanceof StatusError)) return stdSerializers.err(error as Error)
  return { reason: error.reason, message: error.message }
}

const nothing = () => {}
/** For tests and tools. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
}
