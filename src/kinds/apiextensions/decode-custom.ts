import { statusError } from '../../base/status.ts'
import { DecodeProblem, jsonProblem, unrecognized } from '../codec/decode-error.ts'
import { duplicateFields } from '../codec/strict-scan.ts'
import {
  type Decoded,
  decodePart,
  type FieldValidation,
  jsonKind,
  withoutPrototypes,
} from '../decode-json.ts'
import type { AnyObject, Kind } from '../kind.ts'
import { definition } from '../schema.ts'
import { dropNulls } from '../structural/default-values.ts'
import { prune } from '../structural/prune.ts'
import { isObject, type JsonObject } from '../structural/schema-props.ts'

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/**
 * Reads a JSON body as an object of a custom kind: metadata as everywhere, the rest pruned by the
 * kind's schema. What goes, and duplicate fields, are an error (Strict), a warning (Warn) or nothing, as are `known` problems.
 * Throws StatusError BadRequest (apiextensions-apiserver pkg/apiserver/customresource_handler.go).
 */
export function decodeCustom(
  kind: Kind,
  bytes: Uint8Array,
  validation: FieldValidation,
  known: readonly string[] = [],
): Decoded {
  const text = utf8(kind, bytes)
  const body = parsed(kind, text)
  checkIdentity(kind, body, text)
  const { object, pruned } = decodeCustomValue(kind, body)
  if (validation === 'Ignore') return { object, warnings: [] }
  const unknown = toldInOrder(pruned).map((path) => `unknown field "${path}"`)
  const warnings = [...new Set([...known, ...duplicateFields(text), ...unknown])]
  if (validation === 'Strict' && warnings.length > 0)
    throw undecodable(kind, `strict decoding error: ${warnings.join(', ')}`)
  return { object, warnings }
}

/** Sorted, those of the metadata of embedded objects last: they are found last (apiserver's schemaCoercer). */
function toldInOrder(pruned: readonly string[]): string[] {
  const sorted = [...pruned].sort()
  const isMeta = (path: string) => path.includes('.metadata.')
  return [...sorted.filter((path) => !isMeta(path)), ...sorted.filter(isMeta)]
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
    const schema = kind.custom?.schema ?? {}
    const pruned = prune(schema, object, true)
    dropNulls(schema, object)
    return { object, pruned }
  } catch (error) {
    if (error instanceof DecodeProblem) throw undecodable(kind, error.message)
    throw error
  }
}

/**
 * A custom resource says what it is: nothing is filled in
 * (apimachinery pkg/apis/meta/v1/unstructured/helpers.go).
 */
function checkIdentity(
  { kind, group, version }: Kind,
  body: unknown,
  text: string,
): asserts body is JsonObject {
  const unread = (problem: string) =>
    unrecognized(kind, text, `couldn't get version/kind; json parse error: json: ${problem}`)
  if (body !== null && !isObject(body))
    throw unread(`cannot unmarshal ${jsonKind(body)} into Go ${identityType}`)
  for (const field of ['apiVersion', 'kind'] as const) {
    const value = body?.[field] ?? ''
    if (typeof value !== 'string')
      throw unread(
        `cannot unmarshal ${jsonKind(value)} into Go struct field .${field} of type string`,
      )
  }
  if (!body?.['kind']) throw unrecognized(kind, text, `Object 'Kind' is missing in '${text}'`)
  const given = body['apiVersion'] ?? ''
  if (given !== `${group}/${version}`)
    throw statusError(
      'BadRequest',
      `the API version in the data (${given}) does not match the expected API version (${group}/${version})`,
    )
}

const identityType =
  'value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'

function readMeta(metadata: unknown): AnyObject['metadata'] {
  if (metadata === undefined || metadata === null) return {}
  if (!isObject(metadata))
    throw new DecodeProblem(
      `json: cannot unmarshal ${jsonKind(metadata)} into Go value of type v1.ObjectMeta`,
    )
  return decodePart(definition(objectMeta), metadata, '') as AnyObject['metadata']
}

function utf8(kind: Kind, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw undecodable(kind, 'the body is not UTF-8')
  }
}

function parsed({ kind }: Kind, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const problem = jsonProblem(text, error as Error)
    throw unrecognized(kind, text, `couldn't get version/kind; json parse error: ${problem}`)
  }
}

function undecodable({ kind, version }: Kind, problem: string): Error {
  return statusError(
    'BadRequest',
    `${kind} in version "${version}" cannot be handled as a ${kind}: ${problem}`,
  )
}
