import { isStatus, statusError } from '../../base/status.ts'
import type { ApiResponse } from '../../client/transport.ts'
import { applyDefaults } from '../../kinds/defaults.ts'
import type { AnyObject, Kind } from '../../kinds/kind.ts'
import { immutable } from '../../kinds/validation/field-error.ts'
import { requireCreate } from '../auth/authorizer.ts'
import type { HandlerContext, RequestInfo } from '../context.ts'
import { badRequest, conflict, groupVersion, invalid, invalidKind } from '../errors.ts'
import { versionsOf } from '../extension/other-versions.ts'
import { createObject } from '../handlers/create.ts'
import {
  checkCustomKind,
  checkPlace,
  decodeOfKind,
  fieldValidationOf,
  isDryRun,
  yamlBodyOf,
} from '../handlers/request-body.ts'
import { type ResourceContext, representationOf } from '../handlers/resource-context.ts'
import { changeObject, partOf, writtenResponse } from '../handlers/update.ts'
import { timestamp } from '../handlers/write-object.ts'
import { isRecord, type JsonRecord, parsePatch } from '../patch/json-value.ts'
import { parseYaml, repeatedProblems, type YamlBody } from '../patch/yaml-body.ts'
import { isTrue } from '../request-info.ts'
import { applyAcrossVersions } from './across-versions.ts'
import { type Applier, applyObject, untypedPatch } from './apply-object.ts'
import { checkedManager } from './field-manager.ts'
import { updateLastApplied } from './last-applied.ts'
import { hasOtherVersions, serverMetadata } from './managed-fields.ts'
import { restoreZeros } from './written-zeros.ts'

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
  const body = yamlBodyOf(context)
  const written = parsePatch(body.json)
  if (!isRecord(written)) throw badRequest('error decoding YAML: the body must be an object')
  const applied = readApplied(context, body, written)
  const change = () =>
    changeObject(context, {
      part,
      dryRun,
      ownsFields: true,
      next: async (current) => {
        const { resourceVersion, uid } = applied.metadata
        const object = stored(context, await appliedTo(context, current, applied, applier))
        updateLastApplied(object, current, applier.manager, written)
        if (resourceVersion) object.metadata.resourceVersion = resourceVersion
        if (uid && uid !== current.metadata.uid)
          throw invalid(kind, info.name, immutable('metadata.uid', uid, current.metadata.uid))
        applyDefaults(kind, object)
        return object
      },
    })
  try {
    return writtenResponse(200, representation, await change())
  } catch (error) {
    const mayCreate = isStatus(error, 'NotFound') && part === 'main'
    if (!mayCreate) throw error
    const { uid } = applied.metadata
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
    if (uid) throw conflict(kind, info.name, why)
  }
  try {
    const { name, namespace } = applied.metadata
    const empty: AnyObject = {
      apiVersion: groupVersion(kind),
      kind: kind.kind,
      metadata: { name, ...(namespace ? { namespace } : {}) },
    }
    await requireCreate(options, context.user, info)
    const object = stored(context, applyObject(kind, empty, applied, applier))
    const owners = object.metadata.managedFields ?? []
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
 * typed/validate.go, apiserver's structuredmerge.go).
 */
function undeclaredFields(undeclared: readonly string[]): string {
  const problems = undeclared.map((path) => `.${path}: field not declared in schema`)
  const [first = ''] = problems
  return problems.length === 1 ? first : ['errors:', ...problems].join('\n  ')
}

/** A configuration must be of the path's type (apimachinery managedfields/internal/versioncheck.go). */
function checkSaidType({ kind }: ResourceContext, written: JsonRecord): void {
  // Of a type of the table what is left out is filled in.
  const [ownVersion, ownName] = kind.custom ? ['', ''] : [groupVersion(kind), kind.kind]
  const { apiVersion = ownVersion, kind: name = ownName } = written
  if (apiVersion === groupVersion(kind) && name === kind.kind) return
  const shown = String(apiVersion).includes('/') ? apiVersion : `/${apiVersion}`
  throw badRequest(`invalid object type: ${shown}, Kind=${name}`)
}

/** Throws for the unknown fields that decoding found. */
export function refuseUndeclared(
  kind: Pick<Kind, 'group' | 'version' | 'kind'>,
  info: RequestInfo,
  problems: readonly string[],
): void {
  const undeclared = problems.flatMap((text) => unknownField.exec(text)?.[1] ?? [])
  if (undeclared.length > 0) throw untypedPatch(kind, info, undeclaredFields(undeclared))
}

/** What is there twice is refused, told or passed over as is asked, by its line, also of JSON. */
function tellRepeated(
  context: ResourceContext,
  { json, repeated }: YamlBody,
  warnings: readonly string[],
): void {
  const validation = fieldValidationOf(context)
  const isTwice = repeated.length > 0 || warnings.some((text) => text.startsWith('duplicate'))
  if (validation === 'Ignore' || !isTwice) return
  const isError = validation === 'Strict'
  const lines = repeated.length > 0 ? repeated : parseYaml(json).repeated
  const problems = repeatedProblems(lines, isError)
  if (isError)
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${problems[0]}`)
  context.warnings.push(...problems)
}

/** The applied configuration, decoded and not defaulted: it says no more than its author wrote. */
function readApplied(context: ResourceContext, body: YamlBody, written: JsonRecord): AnyObject {
  const { kind, info } = context
  checkSaidType(context, written)
  const { object, warnings } = decodeOfKind(kind, body.json, 'Warn')
  tellRepeated(context, body, warnings)
  refuseUndeclared(kind, info, warnings)
  checkCustomKind(kind, object)
  object.metadata ??= {}
  if (isRecord(written['metadata']) && (written['metadata']['managedFields'] ?? null) !== null)
    throw statusError('BadRequest', 'metadata.managedFields must be nil')
  checkPlace(kind, object, info.namespace, info.name)
  if (!kind.custom) {
    const { metadata, ...rest } = written
    restoreZeros({ ...rest, metadata: withoutServerMembers(metadata) }, object)
  }
  return object
}

/** What the server sets is not to become nothing because a client, as Go's do, writes null there. */
function withoutServerMembers(metadata: unknown): unknown {
  if (!isRecord(metadata)) return undefined
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !serverSet.has(name)))
}

const serverSet: ReadonlySet<string> = new Set([
  ...serverMetadata,
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
])

/** What was applied as nothing is not stored: see `restoreZeros`. */
function stored({ kind }: ResourceContext, object: AnyObject): AnyObject {
  if (kind.custom) return object
  return decodeOfKind(kind, Buffer.from(JSON.stringify(object)), 'Ignore').object
}
