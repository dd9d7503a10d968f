import { createHash } from 'node:crypto'
import type { ApiRequest, ApiResponse } from '../../client/transport.ts'

/** A document that stays the same while this process runs: its bytes and their ETag. */
export interface CachedDocument {
  readonly bytes: Uint8Array
  readonly contentType: string
  /** In upper-case hex, without quotes. */
  readonly hash: string
}

export function cachedDocument(bytes: Uint8Array, contentType: string): CachedDocument {
  const hash = createHash('sha512').update(bytes).digest('hex').toUpperCase()
  return { bytes, contentType, hash }
}

export function cachedJson(value: unknown, contentType = 'application/json'): CachedDocument {
  return cachedDocument(Buffer.from(JSON.stringify(value)), contentType)
}

/**
 * The document, or 304 when the client has it (apiserver pkg/endpoints/discovery/aggregated/etag.go).
 * `lifetime` is what Cache-Control says about it.
 */
export function documentResponse(
  request: ApiRequest,
  document: CachedDocument,
  lifetime = 'public',
): ApiResponse {
  const tag = `"${document.hash}"`
  const headers = new Map([
    ['etag', tag],
    ['vary', 'Accept'],
    ['cache-control', lifetime],
  ])
  const known = (request.headers.get('if-none-match') ?? '').split(',').map((one) => one.trim())
  if (known.includes(tag) || known.includes('*'))
    return { status: 304, headers, body: { kind: 'whole', chunks: [] } }
  headers.set('content-type', document.contentType)
  return { status: 200, headers, body: { kind: 'whole', chunks: [document.bytes] } }
}
