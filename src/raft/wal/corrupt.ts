/**
 * What was durable is no longer what was written. Nothing is cut off or guessed at: the damaged part
 * may hold acknowledged writes, which only the other members can restore.
 */
export class LogCorruptError extends Error {
  override readonly name = 'LogCorruptError'
  readonly file: string
  /** In bytes from the start of `file`. */
  readonly offset: number

  constructor(file: string, offset: number, what: string) {
    super(
      `${file} is damaged at byte ${offset}: ${what}. ` +
        'A follower can rejoin empty: move the directory away and start it again.',
    )
    this.file = file
    this.offset = offset
  }
}
