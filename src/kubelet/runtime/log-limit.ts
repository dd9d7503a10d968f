import { type Readable, Transform } from 'node:stream'

/** Passes on the first `bytesMax` bytes, then ends, and its source with it. */
export function limitBytes(source: Readable, bytesMax: number): Readable {
  let left = bytesMax
  const limited = new Transform({
    transform(chunk: Buffer, _, done) {
      if (left <= 0) return done()
      const part = chunk.subarray(0, left)
      left -= part.length
      this.push(part)
      if (left <= 0) {
        this.push(null)
        source.destroy()
      }
      done()
    },
  })
  source.once('error', (error) => limited.destroy(error))
  limited.once('close', () => source.destroy())
  return source.pipe(limited)
}
