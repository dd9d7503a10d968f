import { type StatusError, statusError } from '../../base/status.ts'
import type { AnyObject, Kind } from '../../kinds/kind.ts'
import { applyJsonPatch } from './json-patch.ts'
import { copyRecord, emptyRecord, isRecord, type Json, parsePatch } from './json-value.ts'
import { applyMergePatch } from './merge-patch.ts'
import { mergeSchema } from './merge-schema.ts'
import { strategicMerge } from './strategic-merge.ts'

const ownTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
] as const

/** The patches that are served, as refusals list them; the last one is api/apply's. */
export const patchTypes = [...ownTypes, 'application/apply-patch+yaml'] as const

/**
 * The object that a patch makes of `current`, as plain JSON: the caller decodes and validates it.
 * Shares nothing with `current`, which stays as it is.
 * Throws UnsupportedMediaType, BadRequest for what is no patch, and Invalid when a JSON patch does
 * not apply (apiserver pkg/endpoints/handlers/patch.go).
 */
export function applyPatch(
  kind: Pick<Kind, 'definition' | 'custom'>,
  current: AnyObject,
  contentType: string,
  body: Uint8Array,
): AnyObject {
  const type = requirePatchType(kind, contentType)
  const patch = parsePatch(body)
  const document = copyRecord(current)
  const patched = patchedDocument(kind, document, type, patch)
  if (!isRecord(patched))
    throw statusError('BadRequest', 'the patch does not leave an object: it must be a JSON object')
  const metadata = patched['metadata'] ?? emptyRecord()
  if (!isRecord(metadata))
    throw statusError('BadRequest', 'the patch does not leave an object in metadata')
  patched['metadata'] = metadata
  return patched as unknown as AnyObject
}

/** The type of a patch without its parameters. Throws UnsupportedMediaType, before any object is looked for. */
export function requirePatchType(kind: Pick<Kind, 'custom'>, contentType: string): string {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const isStrategic = type === 'application/strategic-merge-patch+json'
  // Custom kinds have no merge keys: there is nothing strategic about them.
  if (!ownTypes.some((one) => one === type) || (isStrategic && kind.custom))
    throw unsupportedPatch(kind)
  return type
}

function patchedDocument(
  kind: Pick<Kind, 'definition'>,
  document: ReturnType<typeof copyRecord>,
  type: string,
  patch: Json,
): Json {
  if (type === 'application/json-patch+json') return applyJsonPatch(document, patch)
  if (!isRecord(patch))
    throw statusError('BadRequest', 'error decoding patch: the patch must be a JSON object')
  if (type === 'application/merge-patch+json') return applyMergePatch(document, patch)
  return strategicMerge(document, patch, mergeSchema(kind.definition))
}

/** The patches of a kind: custom ones have no merge keys, so nothing strategic. */
export function servedPatchTypes(isCustom: boolean): readonly string[] {
  return isCustom ? patchTypes.filter((type) => !type.includes('strategic')) : patchTypes
}

/** Kubernetes' refusal of a patch's media type. */
export function unsupportedPatch(kind?: Pick<Kind, 'custom'>): StatusError {
  // Routes of built-in kinds are refused before anybody looks at what they are (go-restful).
  if (kind && !kind.custom)
    return statusError('UnsupportedMediaType', '415: Unsupported Media Type', {})
  const types = servedPatchTypes(kind?.custom !== undefined)
  return statusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
  )
}
