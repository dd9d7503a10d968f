import { type DiskFile, diskErrorCode } from '../../base/disk.ts'

const attemptsMax = 3
const blockBytes = 4096
/** No record, no zeros: what stands here is taken for damage. */
const filler = 0xff

/** A disk that fails to read once may succeed the next time; one that fails for good keeps failing. */
export async function readAgain<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read()
    } catch (error) {
      if (!isUnreadable(error) || attempt >= attemptsMax) throw error
    }
  }
}

/** Whether the disk holds these bytes no more. */
export function isUnreadable(error: unknown): boolean {
  return diskErrorCode(error) === 'EIO'
}

/** `length` bytes from `from` on; blocks that cannot be read hold what nobody would have written. */
export async function readWhole(file: DiskFile, from: number, length: number): Promise<Buffer> {
  try {
    return asBuffer(await readAgain(() => file.read(from, length)))
  } catch (error) {
    if (!isUnreadable(error)) throw error
  }
  const whole = Buffer.alloc(length, filler)
  for (let at = 0; at < length; at += blockBytes)
    try {
      whole.set(await file.read(from + at, Math.min(blockBytes, length - at)), at)
    } catch (error) {
      if (!isUnreadable(error)) throw error
    }
  return whole
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
