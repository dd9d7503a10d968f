import { PassThrough, type Readable } from 'node:stream'
import { written } from '../../written.ts'

/** Where the payload of an attached stream goes. */
export interface FrameTargets {
  readonly stdout: PassThrough
  readonly stderr: PassThrough
}

const headerBytes = 8

/**
 * Takes Docker's multiplexed stream apart: frames of one byte stream number, three zeros, four bytes of
 * length (Engine API, attach). With back-pressure; both targets end with the source.
 */
export async function demultiplex(source: Readable, targets: FrameTargets): Promise<void> {
  let pending: Buffer = Buffer.alloc(0)
  let left = 0
  let target = targets.stdout
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      for (;;) {
        if (left === 0) {
          if (pending.length < headerBytes) break
          target = pending[0] === 2 ? targets.stderr : targets.stdout
          left = pending.readUInt32BE(4)
          pending = pending.subarray(headerBytes)
          continue
        }
        if (pending.length === 0) break
        const part = pending.subarray(0, left)
        pending = pending.subarray(part.length)
        left -= part.length
        await written(target, part)
      }
      if (targets.stdout.destroyed && targets.stderr.destroyed) break
    }
  } finally {
    targets.stdout.end()
    targets.stderr.end()
  }
}

/** Both outputs in the order of writing, as logs show them. */
export function mergedFrames(source: Readable): Readable {
  const out = new PassThrough()
  out.once('close', () => source.destroy())
  demultiplex(source, { stdout: out, stderr: out }).catch((error: unknown) => {
    if (!out.destroyed) out.destroy(error instanceof Error ? error : new Error(String(error)))
  })
  return out
}
