import { statusError } from '../../base/status.ts'
import type { ApiResponse } from '../../client/transport.ts'
import { mergedOpenApi } from '../aggregation/merge-openapi.ts'
import type { HandlerContext } from '../context.ts'
import {
  type CachedDocument,
  cachedDocument,
  cachedJson,
  documentResponse,
} from '../discovery/cached-document.ts'
import { type GroupVersion, groupVersionName } from '../discovery/resources.ts'
import { notAcceptable } from '../errors.ts'
import { standardCatalog } from '../extension/served-kinds.ts'
import { parseAccept } from '../negotiate.ts'
import { Slices } from '../slices.ts'
import { openApiV2, openApiV3 } from './document.ts'
import { gnosticAskedType, gnosticPieces, gnosticType } from './gnostic.ts'

type ServedVersions = readonly GroupVersion[]

/** Of one group and version, and of all: what changed is another object, with documents of its own. */
const ofVersion = new WeakMap<GroupVersion, CachedDocument>()
const ofAll = new WeakMap<ServedVersions, Map<string, Promise<CachedDocument>>>()

/** `api/v1`, `apis/apps/v1`: how the v3 index names a group and version. */
function indexName(one: Pick<GroupVersion, 'group' | 'version'>): string {
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
  const served = context.kinds.groupVersions
  const form = acceptedForm(request.headers.get('accept'), path === '/openapi/v2')
  if (form === undefined) return Promise.reject(notAcceptable(['application/json']))
  if (path === '/openapi/v2' || path === '/openapi/v3') {
    const whole = path === '/openapi/v2' ? v2Document(context, form) : v3Index(context)
    return whole.then((document) => documentResponse(request, document, 'no-cache, private'))
  }
  const name = path.slice('/openapi/v3/'.length)
  const { aggregation } = context.options
  const remote = aggregation?.services.ofPath(`/${name}`)
  if (aggregation && remote) return aggregation.forward(remote, request, context.user)
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

type Form = 'json' | 'protobuf'

/** Old clients ask `/openapi/v2` for protobuf alone. Undefined when neither form would do. */
function acceptedForm(accept: string | undefined, hasProtobuf: boolean): Form | undefined {
  if (accept === undefined || accept.trim() === '') return 'json'
  for (const { type } of parseAccept(accept)) {
    if (hasProtobuf && (type === gnosticType || type === gnosticAskedType)) return 'protobuf'
    if (type === 'application/json' || type === 'application/*' || type === '*/*') return 'json'
  }
  return undefined
}

/** With what API servers behind Services say of themselves. */
async function v2Document(context: HandlerContext, form: Form): Promise<CachedDocument> {
  const { options, kinds } = context
  const served = kinds.groupVersions
  const others = (await options.aggregation?.openApiDocuments()) ?? []
  if (others.length === 0) return v2Form(context, form, served, () => openApiV2(served))
  // The same objects as long as neither changed: both are needed to find what was made of them.
  const known = ofMerged.get(others)
  const whole = known?.served === served ? known : { served, key: [...served] }
  ofMerged.set(others, whole)
  return v2Form(context, form, whole.key, () => mergedOpenApi(openApiV2(served), others))
}

const ofMerged = new WeakMap<
  object,
  { readonly served: ServedVersions; readonly key: ServedVersions }
>()

function v2Form(
  { options }: HandlerContext,
  form: Form,
  key: ServedVersions,
  build: () => ReturnType<typeof openApiV2>,
): Promise<CachedDocument> {
  if (form === 'json') return cached(key, 'v2', async () => cachedJson(build()))
  return cached(key, 'v2 protobuf', async () => {
    const slices = new Slices(options.clock)
    const pieces: Uint8Array[] = []
    for (const piece of gnosticPieces(build())) {
      pieces.push(piece)
      if (slices.over) await slices.pause()
    }
    return cachedDocument(Buffer.concat(pieces), gnosticType)
  })
}

function v3Document(own: GroupVersion): CachedDocument {
  const known = ofVersion.get(own)
  if (known) return known
  const document = cachedJson(openApiV3(own, [...standardCatalog.groupVersions, own]))
  ofVersion.set(own, document)
  return document
}

/**
 * Names every document with its hash, so that clients fetch only what changed. API servers behind Services
 * have theirs: those come without.
 */
function v3Index(context: HandlerContext): Promise<CachedDocument> {
  const { options, kinds } = context
  const remote = options.aggregation?.services.all ?? []
  if (remote.length > 0)
    return v3Paths(context).then((own) => {
      const others = remote.map((one): IndexEntry => {
        const name = indexName(one)
        return [name, { serverRelativeURL: `/openapi/v3/${name}` }]
      })
      return cachedJson({ paths: Object.fromEntries([...own, ...others]) })
    })
  return cached(kinds.groupVersions, 'v3', async () =>
    cachedJson({ paths: Object.fromEntries(await v3Paths(context)) }),
  )
}

type IndexEntry = readonly [name: string, where: { readonly serverRelativeURL: string }]

async function v3Paths({ options, kinds }: HandlerContext): Promise<readonly IndexEntry[]> {
  const slices = new Slices(options.clock)
  const paths: IndexEntry[] = []
  for (const own of kinds.groupVersions) {
    const name = indexName(own)
    const { hash } = v3Document(own)
    paths.push([name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }])
    if (slices.over) await slices.pause()
  }
  return paths
}

/** Built once, however many ask while it is being built. */
function cached(
  served: ServedVersions,
  name: string,
  build: () => Promise<CachedDocument>,
): Promise<CachedDocument> {
  const kept = ofAll.get(served) ?? new Map<string, Promise<CachedDocument>>()
  ofAll.set(served, kept)
  const document = kept.get(name) ?? build()
  kept.set(name, document)
  return document
}
