/** PURE: what of the headers goes on, in both directions (net/http/httputil ReverseProxy). */
export type ProxiedHeaders = Record<string, string | string[]>

/** They are about one connection, not about the message (RFC 9110, 7.6.1). */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Who asks, and as whom, is between the client and this server. */
function isCredential(name: string): boolean {
  return (
    name === 'authorization' ||
    name.startsWith('impersonate-') ||
    name.startsWith('x-remote-') ||
    name === 'content-length'
  )
}

/** Of a request; `prefix` is the path up to `/proxy`, as the client wrote it. */
export function requestHeaders(
  headers: Iterable<readonly [string, string]>,
  forwarded: { readonly prefix: string; readonly rest: string },
): ProxiedHeaders {
  const kept: ProxiedHeaders = {}
  const all = new Map(headers)
  const named = namedByConnection(all.get('connection'))
  for (const [name, value] of all)
    if (!hopByHop.has(name) && !named.has(name) && !isCredential(name)) kept[name] = value
  const host = all.get('host')
  kept['x-forwarded-uri'] = forwarded.prefix + forwarded.rest
  if (host !== undefined) kept['x-forwarded-host'] = host
  kept['x-forwarded-proto'] = 'https'
  return kept
}

/** Of a request that asks for an upgrade: the handshake goes on too. */
export function upgradeHeaders(
  headers: Iterable<readonly [string, string]>,
  forwarded: { readonly prefix: string; readonly rest: string },
): ProxiedHeaders {
  const all = new Map(headers)
  const kept = requestHeaders(all, forwarded)
  kept['connection'] = 'Upgrade'
  kept['upgrade'] = all.get('upgrade') ?? ''
  return kept
}

/** Of an answer, as node gives them: names in lower case, only cookies in a list. */
export function responseHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): {
  readonly headers: Map<string, string>
  readonly cookies: readonly string[]
} {
  const kept = new Map<string, string>()
  const named = namedByConnection([headers['connection']].flat().join(','))
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name === 'set-cookie') continue
    if (hopByHop.has(name) || named.has(name)) continue
    kept.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return { headers: kept, cookies: [headers['set-cookie'] ?? []].flat() }
}

function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()))
}
