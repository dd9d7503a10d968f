import type { ApiResponse } from '../../client/transport.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Handler } from '../context.ts'
import {
  badRequest,
  methodNotAllowed,
  methodNotSupported,
  noSuchPath,
  notFound,
} from '../errors.ts'
import { handleEviction } from '../subresources/eviction.ts'
import { handleToken } from '../subresources/token.ts'
import { handleBinding } from './binding.ts'
import { handleCreate } from './create.ts'
import { handleDelete } from './delete.ts'
import { handleDeleteCollection } from './delete-collection.ts'
import { handleGet } from './get.ts'
import { handleList } from './list.ts'
import { handlePatch } from './patch.ts'
import type { ResourceContext } from './resource-context.ts'
import { handleScale } from './scale.ts'
import { handleUpdate } from './update.ts'
import { handleWatch } from './watch/handle-watch.ts'

export type ResourceHandler = (context: ResourceContext) => Promise<ApiResponse>

const verbs: ReadonlyMap<string, ResourceHandler> = new Map([
  ['get', handleGet],
  ['list', handleList],
  ['watch', handleWatch],
  ['create', handleCreate],
  ['update', handleUpdate],
  ['patch', handlePatch],
  ['delete', handleDelete],
  ['deletecollection', handleDeleteCollection],
])

/** Those whose path names no object. */
const collectionVerbs: ReadonlySet<string> = new Set([
  'list',
  'watch',
  'create',
  'deletecollection',
])

/** Subresources that are parts of the object itself, written like it. */
const parts: ReadonlySet<string> = new Set(['status', 'finalize'])
const partVerbs: ReadonlySet<string> = new Set(['get', 'update', 'patch'])

const subresources: ReadonlyMap<string, ResourceHandler> = new Map([
  ['scale', handleScale],
  ['binding', handleBinding],
  ['eviction', handleEviction],
  ['token', handleToken],
])

/**
 * The handler for a request whose kind is known. Throws NotFound for a path that is none and
 * MethodNotAllowed for a verb that the kind has not.
 */
export function resourceHandler(
  context: ResourceContext,
  extensions: ReadonlyMap<string, Handler>,
): ResourceHandler {
  const { kind, info } = context
  checkScope(kind, context)
  if (info.subresource !== '') return subresourceHandler(context, extensions)
  const handler = verbs.get(info.verb)
  if (!handler || !kind.verbs.some((verb) => verb === info.verb)) throw methodNotAllowed()
  // Paths that begin with `watch` may name an object, too.
  if (info.verb === 'watch' && info.method !== 'GET') throw methodNotAllowed()
  if (info.verb !== 'watch' && (info.name === '') !== collectionVerbs.has(info.verb))
    throw kind.custom && info.name === '' ? badRequest('name must be provided') : methodNotAllowed()
  return handler
}

function subresourceHandler(
  { kind, info }: ResourceContext,
  extensions: ReadonlyMap<string, Handler>,
): ResourceHandler {
  // No part of an object is watched on its own.
  if (info.verb === 'watch') throw noSuchPath()
  const known = kind.subresources.find((one) => one.name === info.subresource)
  // A path below a custom resource is one of that resource, whatever it is called.
  if (!known) throw kind.custom ? notFound(kind, info.name) : noSuchPath()
  if (kind.custom && !known.verbs.includes(info.verb)) throw methodNotSupported(kind, info.verb)
  const extension = extensions.get(`${info.resource}/${info.subresource}`)
  if (extension && info.subresource !== 'proxy' && !known.verbs.includes(info.verb))
    throw methodNotAllowed()
  if (extension) return extension
  if (parts.has(info.subresource) || kind.parts.has(info.subresource)) {
    const handler = partVerbs.has(info.verb) ? verbs.get(info.verb) : undefined
    if (!handler || !known.verbs.includes(info.verb)) throw methodNotAllowed()
    return handler
  }
  const handler = subresources.get(info.subresource)
  if (!handler) throw noSuchPath()
  if (!known.verbs.includes(info.verb)) throw methodNotAllowed()
  return handler
}

/** A namespaced object needs a namespace in its path, another one must have none. */
function checkScope(kind: Kind, { info }: ResourceContext): void {
  if (kind.namespaced) {
    if (info.namespace !== '') return
    if (info.name !== '') throw noSuchPath()
    if (info.verb !== 'list' && info.verb !== 'watch')
      throw kind.custom ? noSuchPath() : methodNotAllowed()
  } else if (info.namespace !== '' && kind.resource !== 'namespaces') {
    throw noSuchPath()
  }
}
