import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { limits } from '../../base/limits.ts'
import type { ApiResponse } from '../../client/transport.ts'
import type { Handler, HandlerContext } from '../context.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import { type LinkBase, rewriteLink, rewritePage } from './links.ts'
import { answered, chunksOf, openOutgoing } from './outgoing.ts'
import { splitProxyPath } from './proxied-path.ts'
import { type ProxyTarget, proxyTarget } from './target.ts'

/**
 * `…/proxy/<path>` of pods, services and nodes, with any method: asks their server and passes its
 * answer on as it comes (apimachinery pkg/util/proxy/upgradeaware.go). Redirects, and links of pages in
 * HTML, lead through the proxy again.
 */
export const handleProxy: Handler = async (context) => {
  const { options, info, request } = context
  const target = await proxyTarget(options, info)
  const path = splitProxyPath(info, request.path)
  const reads = request.method === 'GET' || request.method === 'HEAD'
  if (path.rest === '' && reads) return redirect(`${path.prefix}/${path.query}`)
  const outgoing = openOutgoing(options, target, {
    method: request.method,
    path: `${path.rest === '' ? '/' : path.rest}${path.query}`,
    headers: requestHeaders(request.headers, path),
  })
  const hangUp = () => outgoing.destroy()
  request.signal?.addEventListener('abort', hangUp, { once: true })
  outgoing.once('close', () => request.signal?.removeEventListener('abort', hangUp))
  if (request.signal?.aborted) hangUp()
  outgoing.end(request.body)
  const response = await answered(options, outgoing)
  return passedOn(context, response, linkBase(target, context, path.prefix))
}

/** A server's pages name their links from its root, so the root's own path must end with a slash. */
function redirect(location: string): ApiResponse {
  return {
    status: 301,
    headers: new Map([['location', location]]),
    body: { kind: 'whole', chunks: [] },
  }
}

function linkBase(target: ProxyTarget, { request }: HandlerContext, prefix: string): LinkBase {
  const hosts = [request.headers.get('host') ?? '', `${target.host}:${target.port}`, target.host]
  return { hosts: hosts.filter((host) => host !== ''), prefix }
}

async function passedOn(
  { request }: HandlerContext,
  response: IncomingMessage,
  base: LinkBase,
): Promise<ApiResponse> {
  const { headers, cookies } = responseHeaders(response.headers)
  const location = headers.get('location')
  if (location !== undefined) headers.set('location', rewriteLink(location, base))
  const status = response.statusCode ?? 502
  const answer = { status, headers, cookies }
  const isPage = /^text\/html\b/i.test(headers.get('content-type') ?? '')
  if (!isPage || request.method === 'HEAD')
    return { ...answer, body: { kind: 'stream', chunks: chunksOf(response, request.signal) } }
  const read = await readUpTo(response, limits.proxyPageBytesMax)
  const page = read.whole ? await decoded(headers.get('content-encoding'), read.bytes) : undefined
  if (page === undefined) {
    // Too long to be held, or in an encoding that is not known: it goes on as it is.
    const rest = joined(read.bytes, chunksOf(response, request.signal))
    return { ...answer, body: { kind: 'stream', chunks: rest } }
  }
  headers.delete('content-encoding')
  headers.delete('content-length')
  // Tags are ASCII in every encoding that pages have: each byte stays what it is.
  const rewritten = Buffer.from(rewritePage(page.toString('latin1'), base), 'latin1')
  return { ...answer, body: { kind: 'whole', chunks: [rewritten] } }
}

async function* joined(
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
}

async function readUpTo(
  response: IncomingMessage,
  bytesMax: number,
): Promise<{ readonly bytes: Buffer; readonly whole: boolean }> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > bytesMax) return { bytes: Buffer.concat(chunks), whole: false }
  }
  return { bytes: Buffer.concat(chunks), whole: true }
}

const decoders = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
])

/** The page's own bytes; undefined for an encoding that is not known, or a page that is too long. */
async function decoded(encoding: string | undefined, bytes: Buffer): Promise<Buffer | undefined> {
  if (encoding === undefined || encoding === 'identity') return bytes
  const decode = decoders.get(encoding)
  if (!decode) return undefined
  const options = { maxOutputLength: limits.proxyPageBytesMax }
  return decode(bytes, options).catch(() => undefined)
}
