import { CelRuntimeError } from '../errors.ts'
import { define, method, type Overload } from '../functions.ts'
import { boolType, listOf, mapOf, opaque, stringType } from '../types.ts'
import { LiteralMap, Opaque, type Value } from '../values.ts'

/** URLs with a scheme, and absolute paths (apiserver pkg/cel/library/urls.go). */

const urlType = opaque('kubernetes.URL')

interface Parts {
  readonly scheme: string
  /** With the port, and brackets around IPv6. */
  readonly host: string
  readonly path: string
  readonly query: string
}

/** As Go's url.ParseRequestURI; undefined for what it refuses. */
function readUrl(text: string): Parts | undefined {
  if (/[\s\x7f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return undefined
  const found = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?]*))?(\/[^?]*)?(?:\?(.*))?$/s.exec(
    text,
  )
  if (!found) return undefined
  const [, scheme = '', authority, path = '', query = ''] = found
  if (scheme === '' && (authority !== undefined || path === '')) return undefined
  const host = (authority ?? '').replace(/^.*@/, '')
  if (!/^(\[[0-9a-fA-F:.%a-z]*\]|[^:[\]]*)(:\d*)?$/.test(host)) return undefined
  return { scheme: scheme.toLowerCase(), host, path, query }
}

function escapedPath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]/gu, (one) => encodeURIComponent(one))
}

function queryMap(query: string): Value {
  const found = new Map<string, string[]>()
  for (const [key, value] of new URLSearchParams(query)) {
    const known = found.get(key)
    if (known) known.push(value)
    else found.set(key, [value])
  }
  return new LiteralMap(found)
}

const hostname = (host: string) => host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
const portOf = (host: string) => /:(\d+)$/.exec(host)?.[1] ?? ''

const part = (name: string, read: (parts: Parts) => string) =>
  method<[Opaque<Parts>]>(urlType, name, [], stringType, ({ content }) => read(content))

export const urlFunctions: readonly Overload[] = [
  define<[string]>('isURL', [stringType], boolType, (text, budget) => {
    budget.pass(text.length)
    return readUrl(text) !== undefined
  }),
  define<[string]>('url', [stringType], urlType, (text, budget) => {
    budget.pass(text.length)
    const parts = readUrl(text)
    if (!parts)
      throw new CelRuntimeError(
        `URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${text === '' ? 'empty url' : 'invalid URI for request'}`,
      )
    return new Opaque('kubernetes.URL', parts, text)
  }),
  part('getScheme', ({ scheme }) => scheme),
  part('getHost', ({ host }) => host),
  part('getHostname', ({ host }) => hostname(host)),
  part('getPort', ({ host }) => portOf(host)),
  part('getEscapedPath', ({ path }) => escapedPath(path)),
  method<[Opaque<Parts>]>(
    urlType,
    'getQuery',
    [],
    mapOf(stringType, listOf(stringType)),
    ({ content }) => queryMap(content.query),
  ),
]
