import { isStatus, StatusError, statusError } from '../../base/status.ts'
import type { ApiResponse } from '../../client/transport.ts'
import { applyDefaults } from '../../kinds/defaults.ts'
import type { AnyObject, Kind } from '../../kinds/kind.ts'
import type { HandlerContext, RequestInfo } from '../context.ts'
import { groupVersion, invalidKind } from '../errors.ts'
import { versionsOf } from '../extension/other-versions.ts'
import { createObject } from '../handlers/create.ts'
import {
  bodyOf,
  checkPlace,
  checkType,
  decodeObject,
  decodeOfKind,
  isDryRun,
  yamlBytes,
} from '../handlers/request-body.ts'
import { type ResourceContext, representationOf } from '../handlers/resource-context.ts'
import { changeObject, partOf, writtenResponse } from '../handlers/update.ts'
import { timestamp } from '../handlers/write-object.ts'
import { parsePatch } from '../patch/json-value.ts'
import { isTrue } from '../request-info.ts'
import { applyAcrossVersions } from './across-versions.ts'
import { type Applier, applyObject } from './apply-object.ts'
import { checkedManager } from './field-manager.ts'
import { updateLastApplied } from './last-applied.ts'
import { hasOtherVersions } from './managed-fields.ts'

export const applyType = 'application/apply-patch+yaml'

/**
 * PATCH of type apply: server-side apply (apiserver pkg/endpoints/handlers/patch.go applyPatcher).
 * Creates what is missing.
 */
export async function handleApply(context: ResourceContext): Promise<ApiResponse> {
  const { info, kind, options } = context
  const representation = representationOf(context)
  const dryRun = isDryRun(context)
  const part = partOf(context)
  const applier: Applier = {
    manager: requiredManager(context),
    subresource: info.subresource,
    force: isTrue(info.query.get('force')),
    time: timestamp(options.clock.wallMs()),
  }
  const bytes = yamlBytes(bodyOf(context))
  const written = parsePatch(bytes)
  const applied = readApplied(context, bytes)
  const change = () =>
    changeObject(context, {
      part,
      dryRun,
      ownsFields: true,
      next: async (current) => {
        const { resourceVersion, uid } = applied.metadata
        const object = await appliedTo(context, current, applied, applier)
        updateLastApplied(object, current, applier.manager, written)
        if (resourceVersion) object.metadata.resourceVersion = resourceVersion
        if (uid) object.metadata.uid = uid
        applyDefaults(kind, object)
        return object
      },
    })
  try {
    return writtenResponse(200, representation, await change())
  } catch (error) {
    const mayCreate = isStatus(error, 'NotFound') && part === 'main'
    if (!mayCreate || applied.metadata.uid || applied.metadata.resourceVersion) throw error
  }
  try {
    const { name, namespace } = applied.metadata
    const empty: AnyObject = {
      apiVersion: groupVersion(kind),
      kind: kind.kind,
      metadata: { name, ...(namespace ? { namespace } : {}) },
    }
    const object = applyObject(kind, empty, applied, applier)
    const owners = object.metadata.managedFields
    return writtenResponse(201, representation, await createObject(context, object, dryRun, owners))
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error
  }
  // Somebody else created it meanwhile.
  return writtenResponse(200, representation, await change())
}

/** What an apply makes of an object, whichever versions of the kind others wrote in. */
export async function appliedTo(
  context: ResourceContext,
  current: AnyObject,
  applied: AnyObject,
  applier: Applier,
): Promise<AnyObject> {
  const { kind } = context
  return hasOtherVersions(current.metadata.managedFields, groupVersion(kind))
    ? await applyAcrossVersions(kind, current, applied, applier, versionsOf(context))
    : applyObject(kind, current, applied, applier)
}

export function requiredManager({ info }: HandlerContext): string {
  const manager = info.query.get('fieldManager') ?? ''
  if (manager !== '') return checkedManager(manager, info.verb)
  throw invalidKind('PatchOptions', 'meta.k8s.io', '', [
    {
      type: 'FieldValueRequired',
      field: 'fieldManager',
      message: 'Required value: is required for apply patch',
    },
  ])
}

const unknownField = /^unknown field "(.*)"$/

/**
 * Nobody can own a field that no schema declares, however lenient the writer is (structured-merge-diff
 * typed/validate.go, apiserver's structuredmerge.go). The code is that of an error without a reason.
 */
function untypedPatch(
  kind: Pick<Kind, 'group' | 'version' | 'kind'>,
  { namespace, name }: RequestInfo,
  undeclared: readonly string[],
): StatusError {
  const problems = undeclared.map((path) => `.${path}: field not declared in schema`)
  const [first = ''] = problems
  const text = problems.length === 1 ? first : ['errors:', ...problems].join('\n  ')
  const place = `${namespace}/${name}; ${kind.group}/${kind.version}, Kind=${kind.kind}`
  const message = `failed to create typed patch object (${place}): ${text}`
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' } as const
  return new StatusError({ ...status, message, code: 500 })
}

/** Throws for the unknown fields that decoding found. */
export function refuseUndeclared(
  kind: Pick<Kind, 'group' | 'version' | 'kind'>,
  info: RequestInfo,
  problems: readonly string[],
): void {
  const undeclared = problems.flatMap((text) => unknownField.exec(text)?.[1] ?? [])
  if (undeclared.length > 0) throw untypedPatch(kind, info, undeclared)
}

/** The applied configuration, decoded and not defaulted: it says no more than its author wrote. */
function readApplied(context: ResourceContext, bytes: Uint8Array): AnyObject {
  const { kind, info } = context
  const decoded = decodeOfKind(kind, bytes, 'Warn')
  refuseUndeclared(kind, info, decoded.warnings)
  // What is left are fields that are there twice: refused, told or passed over, as is asked.
  const object = decoded.warnings.length > 0 ? decodeObject(context, bytes) : decoded.object
  object.metadata ??= {}
  checkType(object, { kind: kind.kind, apiVersions: [groupVersion(kind)] })
  if ((object.metadata.managedFields ?? []).length > 0)
    throw statusError('BadRequest', 'metadata.managedFields must be nil')
  checkPlace(kind, object, info.namespace, info.name)
  return object
}
