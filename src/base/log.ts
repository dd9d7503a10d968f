import { type Logger as PinoLogger, pino } from 'pino'

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
    { level, base: bindings },
    pino.destination({ dest: 2, sync: true }),
  )
  return root as unknown as Logger
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
