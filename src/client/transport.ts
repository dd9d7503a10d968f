import type { Term } from '../base/brand.ts'

/**
 * How clients of the API talk to it. `https` crosses the network, `in-process` calls the API's pipeline
 * in this process: the same requests, the same answers.
 */
export interface Transport {
  /**
   * Sends one request. Resolves when the headers are there, whatever the status code is; rejects
   * with ServiceUnavailable when no server could be reached. The body is read by the caller, to its
   * end or until `signal` aborts.
   */
  send(request: ApiRequest): Promise<ApiResponse>
}

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS'

export interface ApiRequest {
  readonly method: HttpMethod
  /** Path with query string, as on the wire. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal
  /** How long the server has waited for the body, which counts as part of the request's time. */
  readonly waitedMs?: number
  /** In process only: refuse the write unless this term's leader still leads (DESIGN decision 9). */
  readonly fence?: Term
}

export interface ApiResponse {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  /** Set-Cookie headers, which cannot be joined: only a proxied server has any. */
  readonly cookies?: readonly string[]
  readonly body: ApiBody
}

/**
 * Header of a 503 from a master that is no member of its cluster: it did nothing of what it was asked,
 * and another one will.
 */
export const notMemberHeader = 'x-kijabi-not-member'

/** Header of every answer of a master that is about to end or to leave: come again elsewhere. */
export const leavingHeader = 'x-kijabi-leaving'

/** Whole answers are chunks that may be shared with the store; streams end when the watch ends. */
export type ApiBody =
  | { readonly kind: 'whole'; readonly chunks: readonly Uint8Array[] }
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Uint8Array> }

/** Reads a body to its end. */
export async function bodyBytes(body: ApiBody): Promise<Uint8Array> {
  if (body.kind === 'whole') return Buffer.concat(body.chunks)
  const chunks: Uint8Array[] = []
  for await (const chunk of body.chunks) chunks.push(chunk)
  return Buffer.concat(chunks)
}
