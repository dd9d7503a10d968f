import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { createGzip, gzip } from 'node:zlib'
import { limits } from '../../base/limits.ts'
import type { ApiRequest, ApiResponse } from '../../client/transport.ts'

const gzipWhole = promisify(gzip)
/** The least work, for about the same size (apiserver responsewriters/writers.go). */
const level = 1

export function takesGzip({ headers }: Pick<ApiRequest, 'headers'>): boolean {
  const encodings = headers.get('accept-encoding')?.split(',') ?? []
  return encodings.some((one) => one.trim() === 'gzip')
}

/** The same answer compressed, unless it is short or somebody has done so; in another thread. */
export async function compressed(answer: ApiResponse): Promise<ApiResponse> {
  const { body, headers } = answer
  if (headers.has('content-encoding')) return answer
  const more = new Map([...headers, ['content-encoding', 'gzip'], ['vary', varied(headers)]])
  if (body.kind === 'stream')
    return { ...answer, headers: more, body: { kind: 'stream', chunks: gzipped(body.chunks) } }
  const bytes = body.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  if (bytes <= limits.gzippedBytesMin) return answer
  const chunks = [await gzipWhole(Buffer.concat(body.chunks), { level })]
  return { ...answer, headers: more, body: { kind: 'whole', chunks } }
}

function varied(headers: ReadonlyMap<string, string>): string {
  const known = headers.get('vary')
  return known === undefined ? 'Accept-Encoding' : `${known}, Accept-Encoding`
}

/** Ends its source, too, when its reader has enough. */
async function* gzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const gzipping = createGzip({ level })
  // What breaks one end breaks the other, where it is seen.
  pipeline(Readable.from(chunks), gzipping, () => {})
  for await (const chunk of gzipping) yield chunk as Uint8Array
}
