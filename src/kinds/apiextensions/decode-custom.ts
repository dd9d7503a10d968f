import { statusError } from '../../base/status.ts'
import { DecodeProblem } from '../codec/decode-error.ts'
import { duplicateFields } from '../codec/strict-scan.ts'
import {
  type Decoded,
  decodePart,
  type FieldValidation,
  withoutPrototypes,
} from '../decode-json.ts'
import type { AnyObject, Kind } from '../kind.ts'
import { definition } from '../schema.ts'
import { prune } from '../structural/prune.ts'
import { isObject, type JsonObject } from '../structural/schema-props.ts'

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/**
 * Reads a JSON body as an object of a custom kind: metadata as everywhere, the rest pruned by the
 * kind's schema. What goes, and duplicate fields, are an error (Strict), a warning (Warn) or nothing.
 * Throws StatusError BadRequest (apiextensions-apiserver pkg/apiserver/customresource_handler.go).
 */
export function decodeCustom(kind: Kind, bytes: Uint8Array, validation: FieldValidation): Decoded {
  const text = utf8(kind, bytes)
  const { object, pruned } = decodeCustomValue(kind, parsed(kind, text))
  if (validation === 'Ignore') return { object, warnings: [] }
  const unknown = pruned.map((path) => `unknown field "${path}"`)
  const warnings = [...new Set([...duplicateFields(text), ...unknown])]
  if (validation === 'Strict' && warnings.length > 0)
    throw undecodable(kind, `strict decoding error: ${warnings.join(', ')}`)
  return { object, warnings }
}

/** As decodeCustom, for a value that was parsed before. */
export function decodeCustomValue(
  kind: Kind,
  body: unknown,
): { object: AnyObject; pruned: readonly string[] } {
  try {
    const copy = withoutPrototypes(body, 1)
    if (!isObject(copy)) throw new DecodeProblem('the body must be a JSON object')
    const { apiVersion, kind: name, metadata, ...rest } = copy
    const object: AnyObject = {
      ...(typeof apiVersion === 'string' ? { apiVersion } : {}),
      ...(typeof name === 'string' ? { kind: name } : {}),
      metadata: readMeta(metadata),
      ...rest,
    }
    const pruned = prune(kind.custom?.schema ?? {}, object, true)
    return { object, pruned }
  } catch (error) {
    if (error instanceof DecodeProblem) throw undecodable(kind, error.message)
    throw error
  }
}

function readMeta(metadata: unknown): AnyObject['metadata'] {
  if (metadata === undefined || metadata === null) return {}
  if (!isObject(metadata))
    throw new DecodeProblem(
      'json: cannot unmarshal metadata into Go struct field of type v1.ObjectMeta',
    )
  return decodePart(definition(objectMeta), metadata, 'metadata') as AnyObject['metadata']
}

function utf8(kind: Kind, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw undecodable(kind, 'the body is not UTF-8')
  }
}

function parsed(kind: Kind, text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject
  } catch (error) {
    throw undecodable(kind, `json parse error: ${(error as Error).message}`)
  }
}

function undecodable({ kind, version }: Kind, problem: string): Error {
  return statusError(
    'BadRequest',
    `${kind} in version "${version}" cannot be handled as a ${kind}: ${problem}`,
  )
}
