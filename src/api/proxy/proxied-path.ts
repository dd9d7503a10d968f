import type { RequestInfo } from '../context.ts'

/** A path in two: up to and with `/proxy`, and what the proxied server is asked for. */
export interface ProxiedPath {
  readonly prefix: string
  /** As the client wrote it, percent-encoding and doubled slashes included; may be ''. */
  readonly rest: string
  /** With its question mark; may be ''. */
  readonly query: string
}

/** PURE: splits the path of a request whose subresource is `proxy`. */
export function splitProxyPath(info: RequestInfo, pathAndQuery: string): ProxiedPath {
  const mark = pathAndQuery.indexOf('?')
  const path = mark < 0 ? pathAndQuery : pathAndQuery.slice(0, mark)
  // `api`, version, [`namespaces`, its name,] resource, name, `proxy`.
  const segments = info.namespace === '' ? 5 : 7
  let end = 0
  for (let count = 0; count < segments; count += 1) {
    while (path[end] === '/') end += 1
    const slash = path.indexOf('/', end)
    end = slash < 0 ? path.length : slash
  }
  return {
    prefix: path.slice(0, end),
    rest: path.slice(end),
    query: mark < 0 ? '' : pathAndQuery.slice(mark),
  }
}
