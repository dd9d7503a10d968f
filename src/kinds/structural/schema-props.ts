/**
 * A schema as a CustomResourceDefinition holds it: OpenAPI v3 with Kubernetes' extensions
 * (apiextensions/v1 JSONSchemaProps). It is read where it stands; nothing is compiled but patterns.
 */
export interface SchemaProps {
  readonly type?: SchemaType
  readonly title?: string
  readonly description?: string
  readonly format?: string
  readonly nullable?: boolean
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly maximum?: number
  readonly exclusiveMaximum?: boolean
  readonly minimum?: number
  readonly exclusiveMinimum?: boolean
  readonly multipleOf?: number
  readonly maxLength?: number
  readonly minLength?: number
  readonly pattern?: string
  readonly maxItems?: number
  readonly minItems?: number
  readonly uniqueItems?: boolean
  readonly maxProperties?: number
  readonly minProperties?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, SchemaProps>>
  readonly additionalProperties?: SchemaProps | boolean
  readonly items?: SchemaProps | readonly SchemaProps[]
  readonly allOf?: readonly SchemaProps[]
  readonly anyOf?: readonly SchemaProps[]
  readonly oneOf?: readonly SchemaProps[]
  readonly not?: SchemaProps
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-validations'?: readonly SchemaRule[]
}

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'

/** One of `x-kubernetes-validations`: a CEL expression that must hold of the value. */
export interface SchemaRule {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

/** Any JSON object, as decoded. */
export interface JsonObject {
  [key: string]: unknown
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of an own member: never one of a prototype. */
export function member(record: object | undefined, name: string): unknown {
  return record !== undefined && Object.hasOwn(record, name)
    ? (record as JsonObject)[name]
    : undefined
}

/** Sets a member, whatever its name: `__proto__` becomes an ordinary one. */
export function setMember(record: JsonObject, name: string, value: unknown): void {
  if (name !== '__proto__') record[name] = value
  else
    Object.defineProperty(record, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
}

/** The schema of a named member: that of its property, else that of additional ones. */
export function schemaOfMember(schema: SchemaProps, name: string): SchemaProps | undefined {
  return (member(schema.properties, name) as SchemaProps | undefined) ?? schemaOfAdditional(schema)
}

/** The schema of members that are no named properties. */
export function schemaOfAdditional({ additionalProperties }: SchemaProps): SchemaProps | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined
}

/** The one schema of a list's elements. */
export function schemaOfItems({ items }: SchemaProps): SchemaProps | undefined {
  return Array.isArray(items) ? undefined : (items as SchemaProps | undefined)
}

export function propertyEntries(schema: SchemaProps): [string, SchemaProps][] {
  return Object.entries(schema.properties ?? {})
}

/** True when members that no property names stay. */
export function keepsUnknown(schema: SchemaProps): boolean {
  return (
    schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true
  )
}

/** `spec.a`, or `a` at the root. */
export function childPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
