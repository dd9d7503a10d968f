import { StatusError } from '../../base/status.ts'
import type { ApiResponse } from '../../client/transport.ts'
import { DecodeProblem } from '../../kinds/codec/decode-error.ts'
import { duplicateFields } from '../../kinds/codec/strict-scan.ts'
import { applyDefaults } from '../../kinds/defaults.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import { immutable, invalid as invalidField } from '../../kinds/validation/field-error.ts'
import { applyType, handleApply } from '../apply/handle-apply.ts'
import { invalid, invalidKind } from '../errors.ts'
import { applyPatch, requirePatchType } from '../patch/apply-patch.ts'
import { isRecord, type Json, parsePatch } from '../patch/json-value.ts'
import {
  bodyOf,
  checkCustomKind,
  checkPlace,
  contentTypeOf,
  decodeOfKind,
  fieldValidationOf,
  isDryRun,
  requireName,
} from './request-body.ts'
import { type ResourceContext, representationOf } from './resource-context.ts'
import { changeObject, partOf, writtenResponse } from './update.ts'

/**
 * PATCH of an object or of its status (apiserver pkg/endpoints/handlers/patch.go). The patch is
 * applied again to whatever is current, until it is stored; only a resourceVersion inside the patch
 * makes it conditional.
 */
export async function handlePatch(context: ResourceContext): Promise<ApiResponse> {
  if (contentTypeOf(context) === applyType) return handleApply(context)
  const { info, kind } = context
  if (info.query.has('force'))
    throw invalidKind('PatchOptions', 'meta.k8s.io', '', [
      {
        type: 'FieldValueForbidden',
        field: 'force',
        message: 'Forbidden: may not be specified for non-apply patch',
      },
    ])
  const representation = representationOf(context)
  const part = partOf(context)
  const dryRun = isDryRun(context)
  const body = bodyOf(context)
  const type = requirePatchType(kind, contentTypeOf(context))
  const warned = context.warnings.length
  const written = await changeObject(context, {
    part,
    dryRun,
    next: (current) => {
      // Every attempt warns anew.
      context.warnings.length = warned
      const object = patched(context, current, type, body)
      const { uid } = object.metadata
      if (uid && uid !== current.metadata.uid)
        throw invalid(kind, info.name, immutable('metadata.uid', uid, current.metadata.uid))
      requireName(object, info.name)
      checkPlace(kind, object, info.namespace, info.name)
      applyDefaults(kind, object)
      return object
    },
  })
  return writtenResponse(200, representation, written)
}

/** What is wrong with a patch itself: its result does not show what it names twice. */
function patchProblems(type: string, body: Uint8Array): string[] {
  const text = Buffer.from(body).toString('utf8')
  const isTwice = (one: string) => one.startsWith('duplicate')
  if (type !== 'application/json-patch+json') return duplicateFields(text).filter(isTwice)
  const operations = JSON.parse(text) as unknown[]
  const unknown = operations.flatMap((operation, at) =>
    Object.keys(operation ?? {})
      .filter((name) => !operationFields.has(name))
      .map((name) => `unknown field "[${at}].${name}"`),
  )
  return [...unknown, ...duplicateFields(text).filter(isTwice)].map((one) => `json patch ${one}`)
}

const operationFields: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value'])

function patched(
  context: ResourceContext,
  current: AnyObject,
  type: string,
  body: Uint8Array,
): AnyObject {
  const result = applyPatch(context.kind, current, type, body)
  // The result is read like any body: a patch must not bring in what a PUT could not.
  const text = JSON.stringify(result)
  const validation = fieldValidationOf(context)
  const lenient = validation === 'Ignore' ? 'Ignore' : 'Warn'
  const { object, warnings } = readPatched(type, body, text, () =>
    decodeOfKind(context.kind, Buffer.from(text), lenient),
  )
  const problems = validation === 'Ignore' ? [] : [...patchProblems(type, body), ...warnings]
  if (validation === 'Strict' && problems.length > 0)
    throw invalidKind('', '', '', [
      invalidField('patch', text, `strict decoding error: ${problems.join(', ')}`),
    ])
  context.warnings.push(...problems)
  checkCustomKind(context.kind, object)
  object.apiVersion = current.apiVersion
  object.kind = current.kind
  return object
}

/** What a patch makes must fit the kind: it is the patch that is invalid, not the request. */
function readPatched<T>(type: string, body: Uint8Array, text: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const problem = error instanceof StatusError ? error.cause : undefined
    if (!(problem instanceof DecodeProblem)) throw error
    const isStrategic = type === 'application/strategic-merge-patch+json'
    throw invalidKind('', '', '', [
      isStrategic
        ? invalidField('patch', printed(parsePatch(body)), problem.untyped)
        : invalidField('patch', text, problem.message),
    ])
  }
}

/** As Go prints what it read of JSON. */
function printed(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(printed).join(' ')}]`
  if (!isRecord(value)) return value === null ? '<nil>' : String(value)
  const fields = Object.keys(value).sort()
  return `map[${fields.map((name) => `${name}:${printed(value[name] ?? null)}`).join(' ')}]`
}
