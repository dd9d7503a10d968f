/**
 * What was durable is no longer what was written. The damaged part may hold acknowledged writes, which
 * only the other members can restore: see log/open-log.ts for how a member comes back from it.
 */
export class LogCorruptError extends Error {
  override readonly name = 'LogCorruptError'
  readonly file: string
  /** In bytes from the start of `file`. */
  readonly offset: number
  readonly what: string

  constructor(file: string, offset: number, what: string) {
    super(`${file} is damaged at byte ${offset}: ${what}`)
    this.file = file
    this.offset = offset
    this.what = what
  }
}
