import { DecodeProblem } from '../codec/decode-error.ts'
import { decodePart } from '../decode-json.ts'
import type { FieldError } from '../kind.ts'
import { definition } from '../schema.ts'
import {
  childPath,
  isObject,
  type JsonObject,
  member,
  type SchemaProps,
  schemaOfAdditional,
  schemaOfItems,
} from '../structural/schema-props.ts'
import type { ObjectMeta } from '../types.ts'
import { invalid, required } from '../validation/field-error.ts'
import { dns1035LabelProblems, pathSegmentProblems } from '../validation/names.ts'
import { validateMeta } from '../validation/object-meta.ts'

/**
 * What the objects inside an object break of the rules of all objects, where the schema says
 * `x-kubernetes-embedded-resource` (apiextensions-apiserver pkg/apiserver/schema/objectmeta/validation.go).
 */
export function validateEmbedded(schema: SchemaProps, value: unknown, path: string): FieldError[] {
  if (Array.isArray(value)) {
    const items = schemaOfItems(schema)
    if (!items) return []
    return value.flatMap((item, index) => validateEmbedded(items, item, `${path}[${index}]`))
  }
  if (!isObject(value)) return []
  const found = schema['x-kubernetes-embedded-resource'] ? resourceErrors(value, path) : []
  const additional = schemaOfAdditional(schema)
  for (const name of Object.keys(value)) {
    const property = member(schema.properties, name) as SchemaProps | undefined
    if (property) found.push(...validateEmbedded(property, value[name], childPath(path, name)))
    else if (additional)
      found.push(...validateEmbedded(additional, value[name], `${path}[${name}]`))
  }
  return found
}

function resourceErrors(value: JsonObject, path: string): FieldError[] {
  const found: FieldError[] = []
  for (const name of ['apiVersion', 'kind'])
    if (!Object.hasOwn(value, name)) found.push(required(childPath(path, name)))
  if (Object.hasOwn(value, 'apiVersion')) {
    const { apiVersion } = value
    const refuse = (why: string) => found.push(invalid(`${path}.apiVersion`, apiVersion, why))
    if (typeof apiVersion !== 'string') refuse('must be a string')
    else if (apiVersion === '') refuse('must not be empty')
    else if (apiVersion.split('/').length > 2)
      refuse(`unexpected GroupVersion string: ${apiVersion}`)
  }
  if (Object.hasOwn(value, 'kind')) found.push(...kindErrors(value['kind'], `${path}.kind`))
  if (Object.hasOwn(value, 'metadata'))
    found.push(...metaErrors(value['metadata'], `${path}.metadata`))
  return found
}

function kindErrors(kind: unknown, path: string): FieldError[] {
  if (typeof kind !== 'string') return [invalid(path, kind, 'must be a string')]
  if (kind === '') return [invalid(path, kind, 'must not be empty')]
  const problems = dns1035LabelProblems(kind.toLowerCase())
  if (problems.length === 0) return []
  const why = 'may have mixed case, but should otherwise match: '
  return [invalid(path, kind, why + problems.join(','))]
}

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** Metadata that cannot be read is an error like any other. */
function metaErrors(metadata: unknown, path: string): FieldError[] {
  if (metadata === null) return []
  if (!isObject(metadata)) return [invalid(path, metadata, 'must be an object')]
  try {
    const meta = decodePart(definition(objectMeta), metadata, '') as ObjectMeta
    const rules = { namespaced: Boolean(meta.namespace), nameRule: pathSegmentProblems }
    // One that has no name yet may get it later.
    const named = meta.name ? meta : { ...meta, name: 'unnamed' }
    return validateMeta(named, { ...rules, anyFinalizer: true }, path)
  } catch (error) {
    if (error instanceof DecodeProblem) return [invalid(path, metadata, error.message)]
    throw error
  }
}
