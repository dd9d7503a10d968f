import { isStatus, type StatusCause, statusError } from '../../../base/status.ts'
import type { ApiResponse } from '../../../client/transport.ts'
import { applyDefaults } from '../../../kinds/defaults.ts'
import type { AnyObject } from '../../../kinds/kind.ts'
import { definition } from '../../../kinds/schema.ts'
import type { ManagedFieldsEntry } from '../../../kinds/types.ts'
import { badRequest, groupVersion, invalidKind } from '../../errors.ts'
import { isTrue } from '../../request-info.ts'
import { createObject } from '../create.ts'
import { bodyOf, checkPlace, checkType, decodeText, isDryRun, yamlBytes } from '../request-body.ts'
import { type ResourceContext, representationOf } from '../resource-context.ts'
import { changeObject, partOf, writtenResponse } from '../update.ts'
import { timestamp, type Written } from '../write-object.ts'
import { type Application, applyConfiguration } from './ownership.ts'

export const applyType = 'application/apply-patch+yaml'

/**
 * PATCH with a whole configuration: server-side apply. Creates what is missing. Ownership is kept of
 * those who apply; plain writes own nothing, so they never cause a conflict (ownership.ts).
 */
export async function handleApply(context: ResourceContext): Promise<ApiResponse> {
  const { info } = context
  const representation = representationOf(context)
  const part = partOf(context)
  const applied = readApplied(context)
  const dryRun = isDryRun(info.query.getAll('dryRun'))
  const application = applicationOf(context, applied)
  const change = () =>
    changeObject(context, {
      part,
      dryRun,
      ownsFields: true,
      next: (current) => merged(context, application, applied, current),
    })
  const create = async () => {
    const { managedFields } = applyConfiguration(application, {}, [])
    return createObject(context, structuredClone(applied), dryRun, managedFields)
  }
  let written: Written
  try {
    written = await change()
  } catch (error) {
    if (part !== 'main' || applied.metadata.uid || !isStatus(error, 'NotFound')) throw error
    try {
      return writtenResponse(201, representation, await create())
    } catch (refusal) {
      // Somebody created it meanwhile: then it is a change after all.
      if (!isStatus(refusal, 'AlreadyExists')) throw refusal
      written = await change()
    }
  }
  return writtenResponse(200, representation, written)
}

function readApplied(context: ResourceContext): AnyObject {
  const { kind, info } = context
  const object = decodeText(context, kind.definition, yamlBytes(bodyOf(context)))
  object.metadata ??= {}
  checkType(object, { kind: kind.kind, apiVersions: [groupVersion(kind)] })
  if ((object.metadata.managedFields ?? []).length > 0)
    throw badRequest('metadata.managedFields must be nil')
  checkPlace(kind, object, info.namespace, info.name)
  return object
}

function applicationOf(context: ResourceContext, applied: AnyObject): Application {
  const { kind, info, options } = context
  const manager = info.query.get('fieldManager') ?? ''
  if (manager === '')
    throw invalidKind('PatchOptions', 'meta.k8s.io', '', [
      {
        type: 'FieldValueRequired',
        field: 'fieldManager',
        message: 'Required value: is required for apply patch',
      },
    ])
  return {
    shape: { is: 'struct', schema: definition(kind.definition) },
    manager,
    subresource: info.subresource,
    apiVersion: groupVersion(kind),
    time: timestamp(options.clock.wallMs()),
    force: isTrue(info.query.get('force')),
    applied: configurationOf(applied),
  }
}

/** The object without what names it, and what only the server sets. */
function configurationOf({ apiVersion: _v, kind: _k, metadata, ...rest }: AnyObject): object {
  const { labels, annotations, finalizers, ownerReferences } = metadata
  const owned = Object.entries({ labels, annotations, finalizers, ownerReferences }).filter(
    ([, value]) => value !== undefined,
  )
  return owned.length === 0 ? rest : { ...rest, metadata: Object.fromEntries(owned) }
}

function merged(
  context: ResourceContext,
  application: Application,
  applied: AnyObject,
  current: AnyObject,
): AnyObject {
  const { kind } = context
  const entries = current.metadata.managedFields ?? []
  const result = applyConfiguration(application, current, entries)
  if (result.conflicts.length > 0) throw applyConflict(result.conflicts)
  const object = decodeText(context, kind.definition, Buffer.from(JSON.stringify(result.value)))
  const { resourceVersion, uid } = applied.metadata
  object.metadata.managedFields = result.managedFields as ManagedFieldsEntry[]
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion
  if (uid) object.metadata.uid = uid
  applyDefaults(kind, object)
  return object
}

/** The refusal that tells whose fields they are (endpoints/handlers/fieldmanager). */
function applyConflict(causes: readonly StatusCause[]) {
  const list = causes.map((cause) => `${cause.message}: ${cause.field}`)
  const plural = causes.length === 1 ? 'conflict' : 'conflicts'
  return statusError(
    'Conflict',
    `Apply failed with ${causes.length} ${plural}: ${list.join(', ')}`,
    { causes: [...causes] },
  )
}
