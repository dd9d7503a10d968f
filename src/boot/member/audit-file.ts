import { closeSync, existsSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import type { Logger } from '../../base/log.ts'
import type { Scope } from '../../base/scope.ts'

export interface AuditFileOptions {
  readonly file: string
  /** A file that would grow beyond this is put aside: `audit.log.1` is the youngest of those. */
  readonly bytesMax: number
  /** So many of them are kept. */
  readonly filesMax: number
  readonly logger: Logger
}

/** What is written in this time goes out together. */
const flushMs = 50
const pendingBytesMax = 8 * 1024 * 1024

/**
 * Appends lines to a file and puts it aside when it is full. Lines of a moment are written together;
 * what was answered in the last moment before a crash may be missing, as with kube-apiserver's
 * batching. Lines beyond a limit are dropped, and that is said.
 */
export function openAuditFile(options: AuditFileOptions, scope: Scope): (line: string) => void {
  let handle = openSync(options.file, 'a', 0o600)
  let bytes = fstatSync(handle).size
  let pending: string[] = []
  let pendingBytes = 0
  let dropped = 0
  const flush = () => {
    if (dropped > 0) options.logger.error({ dropped }, 'audit lines came faster than they go out')
    dropped = 0
    if (pending.length === 0) return
    const text = Buffer.from(pending.join(''))
    pending = []
    pendingBytes = 0
    if (bytes > 0 && bytes + text.length > options.bytesMax) {
      closeSync(handle)
      putAside(options)
      handle = openSync(options.file, 'a', 0o600)
      bytes = 0
    }
    try {
      writeSync(handle, text)
      bytes += text.length
    } catch (error) {
      options.logger.error({ error, file: options.file }, 'the audit log cannot be written')
    }
  }
  const timer = setInterval(flush, flushMs)
  timer.unref()
  scope.onClose('audit log', () => {
    clearInterval(timer)
    flush()
    closeSync(handle)
  })
  return (line) => {
    if (pendingBytes >= pendingBytesMax) {
      dropped += 1
      return
    }
    pending.push(`${line}\n`)
    pendingBytes += line.length + 1
  }
}

function putAside({ file, filesMax }: AuditFileOptions): void {
  if (filesMax === 0) {
    rmSync(file, { force: true })
    return
  }
  for (let number = filesMax - 1; number >= 1; number -= 1)
    if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`)
  renameSync(file, `${file}.1`)
}
