import { statusError } from '../../base/status.ts'
import type { ApiResponse } from '../../client/transport.ts'
import type { HandlerContext } from '../context.ts'
import { type CachedDocument, cachedJson, documentResponse } from '../discovery/cached-document.ts'
import { type GroupVersion, groupVersionName } from '../discovery/resources.ts'
import { notAcceptable } from '../errors.ts'
import { standardCatalog } from '../extension/served-kinds.ts'
import { parseAccept } from '../negotiate.ts'
import { openApiV2, openApiV3 } from './document.ts'

type ServedVersions = readonly GroupVersion[]

/** Of one group and version, and of all: what changed is another object, with documents of its own. */
const ofVersion = new WeakMap<GroupVersion, CachedDocument>()
const ofAll = new WeakMap<ServedVersions, Map<string, CachedDocument>>()

/** `api/v1`, `apis/apps/v1`: how the v3 index names a group and version. */
function indexName(one: GroupVersion): string {
  return one.group === '' ? `api/${one.version}` : `apis/${groupVersionName(one)}`
}

/**
 * Answers `/openapi/v2`, `/openapi/v3` and the documents below it; undefined for every other path.
 * Documents are built at their first use, and again when a custom kind in them has changed.
 */
export function handleOpenApi(context: HandlerContext): Promise<ApiResponse> | undefined {
  const { info, request } = context
  const path = info.path.replace(/\/$/, '')
  if (path !== '/openapi/v2' && path !== '/openapi/v3' && !path.startsWith('/openapi/v3/'))
    return undefined
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return Promise.reject(
      statusError(
        'MethodNotAllowed',
        'the server does not allow this method on the requested resource',
      ),
    )
  if (!acceptsJson(request.headers.get('accept')))
    return Promise.reject(notAcceptable(['application/json']))
  const served = context.kinds.groupVersions
  if (path === '/openapi/v2') return Promise.resolve(documentResponse(request, v2Document(served)))
  if (path === '/openapi/v3') return Promise.resolve(documentResponse(request, v3Index(served)))
  const name = path.slice('/openapi/v3/'.length)
  const own = served.find((one) => indexName(one) === name)
  const document = own && v3Document(own)
  if (!document)
    return Promise.reject(
      statusError('NotFound', 'the server could not find the requested resource'),
    )
  return Promise.resolve(hashedResponse(context, path, document))
}

/**
 * A document asked for by its hash may be kept for ever; by an old hash, the client is sent on to the
 * one that holds (kube-openapi pkg/handler3/handler.go).
 */
function hashedResponse(
  context: HandlerContext,
  path: string,
  document: CachedDocument,
): ApiResponse {
  const hash = context.info.query.get('hash')
  if (hash === null || hash === '') return documentResponse(context.request, document, 'no-cache')
  if (hash === document.hash)
    return documentResponse(context.request, document, 'public, max-age=31536000, immutable')
  return {
    status: 301,
    headers: new Map([['location', `${path}?hash=${document.hash}`]]),
    body: { kind: 'whole', chunks: [] },
  }
}

/** Old clients ask `/openapi/v2` for protobuf alone, which is not served. */
function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true
  const json = ['application/json', 'application/*', '*/*']
  return parseAccept(accept).some((clause) => json.includes(clause.type))
}

function v2Document(served: ServedVersions): CachedDocument {
  return cached(served, 'v2', () => openApiV2(served))
}

function v3Document(own: GroupVersion): CachedDocument {
  const known = ofVersion.get(own)
  if (known) return known
  const document = cachedJson(openApiV3(own, [...standardCatalog.groupVersions, own]))
  ofVersion.set(own, document)
  return document
}

/** Names every document with its hash, so that clients fetch only what changed. */
function v3Index(served: ServedVersions): CachedDocument {
  return cached(served, 'v3', () => ({
    paths: Object.fromEntries(
      served.map((own) => {
        const name = indexName(own)
        const { hash } = v3Document(own)
        return [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }]
      }),
    ),
  }))
}

function cached(served: ServedVersions, name: string, build: () => object): CachedDocument {
  const kept = ofAll.get(served) ?? new Map<string, CachedDocument>()
  ofAll.set(served, kept)
  const known = kept.get(name)
  if (known) return known
  const document = cachedJson(build())
  kept.set(name, document)
  return document
}
