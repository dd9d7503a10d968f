import { StatusError } from '../base/status.ts'
import { parseFieldSelector } from '../kinds/selector.ts'

/**
 * What a request is about, read from its method, path and query alone
 * (apiserver pkg/endpoints/request/requestinfo.go).
 */
export interface RequestInfo {
  /** get list watch create update patch delete deletecollection; the lower-case method for non-resources. */
  readonly verb: string
  readonly isResource: boolean
  /** '' for the core group. */
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  /** '' for cluster-scoped requests and lists of all namespaces. */
  readonly namespace: string
  readonly name: string
  /** Decoded path segments after the subresource, as in `nodes/n1/proxy/metrics`. */
  readonly rest: readonly string[]
  /** As on the wire, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly method: string
}

/** What of a request a decision looks at. */
export type Attributes = Pick<
  RequestInfo,
  'verb' | 'isResource' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name' | 'path'
> & {
  /** The fields that every object of a list or watch must have with exactly this value. */
  readonly pinned?: ReadonlyMap<string, string>
}

/**
 * A request as authorizers see it: a list or watch that a field selector limits to one name is about that
 * object, so that a right to it is enough (requestinfo.go). What is no selector limits nothing.
 */
export function attributesOf(info: RequestInfo): Attributes {
  const text = info.query.get('fieldSelector') ?? ''
  if (text === '' || (info.verb !== 'list' && info.verb !== 'watch')) return info
  const pinned = pinnedFields(text)
  const name = pinned.get('metadata.name') ?? ''
  return { ...info, name: isPathSegment(name) ? name : '', pinned }
}

/** Field and value of what a selector demands exactly; nothing of what is no selector. */
export function pinnedFields(text: string): ReadonlyMap<string, string> {
  try {
    const exact = parseFieldSelector(text).filter(({ operator }) => operator === '=')
    return new Map(exact.map(({ field, value }) => [field, value]))
  } catch (error) {
    // The handler refuses it in its own words.
    if (error instanceof StatusError) return new Map()
    throw error
  }
}

function isPathSegment(name: string): boolean {
  return name !== '.' && name !== '..' && !/[/%]/.test(name)
}

const verbOfMethod: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
])

/** Under a namespace, these name parts of the namespace itself. */
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize'])

/**
 * Reads a request's meaning from its method and path, as the apiserver does; what begins with `watch` is the
 * old way to say `?watch=true`
 * (apiserver pkg/endpoints/request/requestinfo.go). Pure; never fails: what is no resource path
 * comes back with `isResource: false`.
 */
export function parseRequestInfo(method: string, pathAndQuery: string): RequestInfo {
  const mark = pathAndQuery.indexOf('?')
  const path = mark < 0 ? pathAndQuery : pathAndQuery.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : pathAndQuery.slice(mark + 1))
  const nonResource: RequestInfo = {
    verb: method.toLowerCase(),
    isResource: false,
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    rest: [],
    path,
    query,
    method,
  }
  const parts = segments(path)
  const prefix = parts.shift()
  if (prefix !== 'api' && prefix !== 'apis') return nonResource
  const group = prefix === 'api' ? '' : parts.shift()
  const version = parts.shift()
  if (group === undefined || version === undefined || parts.length === 0) return nonResource
  const isWatch = parts[0] === 'watch' && parts.length > 1
  const place = resourcePlace(isWatch ? parts.slice(1) : parts)
  const verb = isWatch ? 'watch' : resourceVerb(method, place.name, query)
  return { ...nonResource, ...place, isResource: true, group, version, verb }
}

interface ResourcePlace {
  namespace: string
  resource: string
  name: string
  subresource: string
  rest: readonly string[]
}

/** Splits `[namespaces/<ns>/]<resource>[/<name>[/<subresource>[/rest…]]]`. */
function resourcePlace(parts: readonly string[]): ResourcePlace {
  const [first = '', second = '', third = ''] = parts
  let namespace = ''
  let tail = parts
  if (first === 'namespaces' && parts.length > 1) {
    namespace = second
    if (parts.length > 2 && !namespaceSubresources.has(third)) tail = parts.slice(2)
  }
  const [resource = '', name = '', subresource = '', ...rest] = tail
  return { namespace, resource, name, subresource, rest }
}

function resourceVerb(method: string, name: string, query: URLSearchParams): string {
  const verb = verbOfMethod.get(method) ?? ''
  if (name === '') {
    if (verb === 'get') return isTrue(query.get('watch')) ? 'watch' : 'list'
    if (verb === 'delete') return 'deletecollection'
  }
  return verb
}

/** A boolean query parameter: absent, `0` and `false` are false, everything else is true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}

function segments(path: string): string[] {
  return path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeSegment)
}

/** A segment that is not valid percent-encoding stays as it is; name validation refuses it. */
function decodeSegment(part: string): string {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch (error) {
    if (error instanceof URIError) return part
    throw error
  }
}
