import type { ApiResponse } from '../../client/transport.ts'
import type { HandlerContext } from '../context.ts'
import { methodNotAllowed, noSuchPath } from '../errors.ts'
import { parseAccept } from '../negotiate.ts'
import { pageNotFound } from '../responses.ts'
import { type CachedDocument, cachedJson, documentResponse } from './cached-document.ts'
import {
  aggregated,
  coreVersions,
  groupDocument,
  groupList,
  resourceList,
  versionDocument,
} from './documents.ts'
import type { GroupVersion } from './resources.ts'

type ServedVersions = readonly GroupVersion[]

/** Documents by what is served and by their name: a set that changed is another one. */
const documents = new WeakMap<ServedVersions, Map<string, CachedDocument>>()

/**
 * Answers `/`, `/version`, `/api`, `/apis` and what describes a group or version below them; undefined for
 * every other path. Throws NotFound for a group that is not served.
 */
export function handleDiscovery(context: HandlerContext): Promise<ApiResponse> | undefined {
  const { info } = context
  const [root = '', first = '', second = '', ...more] = info.path.split('/').slice(1)
  const isOurs = root === 'version' || root === 'api' || root === 'apis' || info.path === '/'
  if (info.isResource || !isOurs || more.some((part) => part !== '')) return undefined
  return answerWith(context, [root, first, second])
}

async function answerWith(
  context: HandlerContext,
  [root, first, second]: readonly [string, string, string],
): Promise<ApiResponse> {
  const own = context.kinds.groupVersions
  const served = (await context.options.aggregation?.merged(own)) ?? own
  const document = findDocument(context, served, root, first, second)
  if (!document) {
    if (root !== 'apis' || served.some(({ group }) => group === first)) throw noSuchPath()
    return pageNotFound()
  }
  const { method } = context.request
  if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed()
  const lifetime = document.contentType === plainType ? 'no-cache, private' : 'public'
  return documentResponse(context.request, document, lifetime)
}

const plainType = 'application/json'

/** What `/` lists: where a person with curl can go from there. */
function rootPaths(served: ServedVersions): { paths: string[] } {
  const groups = served.flatMap(({ group, version }) =>
    group === '' ? [`/api/${version}`] : [`/apis/${group}`, `/apis/${group}/${version}`],
  )
  const fixed = ['/api', '/apis', '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3']
  return { paths: [...fixed, '/readyz', '/version', ...groups].sort() }
}

function findDocument(
  context: HandlerContext,
  served: ServedVersions,
  root: string,
  first: string,
  second: string,
) {
  if (root === '') return cached(served, 'root', () => rootPaths(served))
  if (root === 'version')
    return first === '' ? cached(served, 'version', () => versionDocument) : undefined
  if (root === 'api')
    return first === ''
      ? rootDocument(context, served, 'api')
      : cachedResources(served, '', first, second)
  if (first === '') return rootDocument(context, served, 'apis')
  if (second === '') return cached(served, `group ${first}`, () => groupDocument(served, first))
  return cachedResources(served, first, second, '')
}

function cachedResources(served: ServedVersions, group: string, version: string, rest: string) {
  if (rest !== '') return undefined
  return cached(served, `resources ${group}/${version}`, () => resourceList(served, group, version))
}

/** `/api` and `/apis`: the aggregated form for clients that ask for it. */
function rootDocument(
  context: HandlerContext,
  served: ServedVersions,
  root: 'api' | 'apis',
): CachedDocument | undefined {
  const version = aggregationAsked(context.request.headers.get('accept'))
  if (version) {
    const own = served.filter((one) => (one.group === '') === (root === 'api'))
    const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
    return cached(served, `aggregated ${root} ${version}`, () => aggregated(own, version), type)
  }
  if (root === 'apis') return cached(served, 'groups', () => groupList(served))
  // Names the address by which the client came, so it differs from client to client.
  return cachedJson(coreVersions(served, context.request.headers.get('host') ?? ''))
}

/** The version of aggregated discovery that the client prefers to the plain form, if any. */
function aggregationAsked(accept: string | undefined): 'v2' | 'v2beta1' | undefined {
  for (const { type, parameters } of parseAccept(accept ?? '')) {
    if (type !== 'application/json' && type !== 'application/*' && type !== '*/*') continue
    const version = parameters.get('v')
    if (!parameters.has('as')) return undefined
    const isOurs =
      parameters.get('as') === 'APIGroupDiscoveryList' &&
      parameters.get('g') === 'apidiscovery.k8s.io'
    if (isOurs && (version === 'v2' || version === 'v2beta1')) return version
  }
  return undefined
}

/** Builds a document at its first use. Unknown names are not kept: clients choose them. */
function cached(
  served: ServedVersions,
  name: string,
  build: () => object | undefined,
  contentType = plainType,
): CachedDocument | undefined {
  const kept = documents.get(served) ?? new Map<string, CachedDocument>()
  documents.set(served, kept)
  const known = kept.get(name)
  if (known) return known
  const value = build()
  if (!value) return undefined
  const document = cachedJson(value, contentType)
  kept.set(name, document)
  return document
}
