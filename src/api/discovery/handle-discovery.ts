import type { ApiResponse } from '../../client/transport.ts'
import type { HandlerContext } from '../context.ts'
import { encodedAs, textAs } from '../encoding/encoded-as.ts'
import { methodNotAllowed, noSuchPath, notAcceptable } from '../errors.ts'
import {
  answerTypes,
  type Format,
  findAcceptable,
  findAggregated,
  plainEndpoint,
  requireProduced,
} from '../negotiate.ts'
import { jsonType, pageNotFound } from '../responses.ts'
import { aggregatedProtobuf } from './aggregated-protobuf.ts'
import { type CachedDocument, cachedDocument, documentResponse } from './cached-document.ts'
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
  // Aggregated documents may be kept, the others are asked for again.
  const lifetime = document.contentType.includes(';') ? 'public' : 'no-cache, private'
  return documentResponse(context.request, document, lifetime)
}

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
): CachedDocument | undefined {
  const accept = context.request.headers.get('accept')
  if (root === '') return cached(served, 'root', asJson, () => rootPaths(served))
  if (root === 'version') {
    if (first !== '') return undefined
    requireProduced(accept, [jsonType])
    return cached(served, 'version', asJson, () => versionDocument)
  }
  if (root === 'api')
    return first === ''
      ? rootDocument(context, served, 'api')
      : resourcesDocument(accept, served, '', first, second)
  if (first === '') return rootDocument(context, served, 'apis')
  if (second !== '') return resourcesDocument(accept, served, first, second, '')
  const form = formOf(accept, 'APIGroup')
  return cached(served, `group ${first}`, form, () => groupDocument(served, first))
}

/** How a document is written. */
interface Form {
  readonly contentType: string
  encode(value: object): Uint8Array
}

const asJson: Form = { contentType: jsonType, encode: (value) => textAs('json', value) }

/** The form that is asked for. Throws NotAcceptable. */
function formOf(accept: string | undefined, kind: string): Form {
  const chosen = findAcceptable(accept, plainEndpoint)
  if (!chosen) throw notAcceptable(answerTypes)
  const { format, contentType } = chosen
  const definition = `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`
  return { contentType, encode: (value) => encodedAs(format, definition, value) }
}

function resourcesDocument(
  accept: string | undefined,
  served: ServedVersions,
  group: string,
  version: string,
  rest: string,
): CachedDocument | undefined {
  if (rest !== '') return undefined
  const found = served.find((one) => one.group === group && one.version === version)
  if (found?.resources.some(({ custom }) => custom) === false) requireProduced(accept, answerTypes)
  return cached(served, `resources ${group}/${version}`, formOf(accept, 'APIResourceList'), () =>
    resourceList(served, group, version),
  )
}

/** `/api` and `/apis`: the aggregated form for clients that ask for it. */
function rootDocument(
  context: HandlerContext,
  served: ServedVersions,
  root: 'api' | 'apis',
): CachedDocument | undefined {
  const accept = context.request.headers.get('accept')
  if (root === 'api') requireProduced(accept, answerTypes)
  const asked = findAggregated(accept)
  if (asked) {
    const { version, format, contentType } = asked
    const own = served.filter((one) => (one.group === '') === (root === 'api'))
    const form = { contentType, encode: (value: object) => aggregatedAs(format, value) }
    return cached(served, `aggregated ${root} ${version}`, form, () => aggregated(own, version))
  }
  if (root === 'apis')
    return cached(served, 'groups', formOf(accept, 'APIGroupList'), () => groupList(served))
  // Names the address by which the client came, so it differs from client to client.
  const { contentType, encode } = formOf(accept, 'APIVersions')
  const versions = coreVersions(served, context.request.headers.get('host') ?? '')
  return cachedDocument(encode(versions), contentType)
}

function aggregatedAs(format: Format, value: object): Uint8Array {
  return format === 'protobuf'
    ? aggregatedProtobuf(value as ReturnType<typeof aggregated>)
    : textAs(format, value)
}

/** Builds a document at its first use. Unknown names are not kept: clients choose them. */
function cached(
  served: ServedVersions,
  name: string,
  { contentType, encode }: Form,
  build: () => object | undefined,
): CachedDocument | undefined {
  const kept = documents.get(served) ?? new Map<string, CachedDocument>()
  documents.set(served, kept)
  const id = `${name} ${contentType}`
  const known = kept.get(id)
  if (known) return known
  const value = build()
  if (!value) return undefined
  const document = cachedDocument(encode(value), contentType)
  kept.set(id, document)
  return document
}
