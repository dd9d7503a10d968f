import {
  isObject,
  member,
  type SchemaProps,
  schemaOfItems,
} from '../../kinds/structural/schema-props.ts'
import type { DiscoveredResource, GroupVersion } from '../discovery/resources.ts'
import { customName } from './operations.ts'
import { type Dialect, type Part, reference } from './schemas.ts'

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

/**
 * The schemas of custom kinds and of their lists, by name
 * (apiextensions-apiserver pkg/controller/openapi/builder/builder.go).
 */
export function customSchemas(versions: readonly GroupVersion[], dialect: Dialect): Part {
  const found: Part = {}
  for (const resource of versions.flatMap((one) => one.resources)) {
    if (!resource.custom) continue
    found[customName(resource)] = objectSchema(resource, resource.custom.schema, dialect)
    found[customName({ ...resource, kind: `${resource.kind}List` })] = listSchema(resource, dialect)
  }
  return found
}

function kindsOf({ group, version, kind }: DiscoveredResource, suffix = ''): Part {
  return { 'x-kubernetes-group-version-kind': [{ group, kind: `${kind}${suffix}`, version }] }
}

const identity: Part = {
  apiVersion: {
    description: 'APIVersion defines group and version of the kind, such as apps/v1.',
    type: 'string',
  },
  kind: { description: 'Name of the kind in camel case, such as Pod.', type: 'string' },
}

function metadata(name: string, description: string, dialect: Dialect): Part {
  const target = reference(`${meta}.${name}`, dialect)
  return dialect === 'v3' ? { allOf: [target], description } : { ...target, description }
}

function objectSchema(resource: DiscoveredResource, schema: SchemaProps, dialect: Dialect): Part {
  const { selectableFields = [] } = resource
  const told: Part = {
    ...kindsOf(resource),
    ...(selectableFields.length > 0
      ? { 'x-kubernetes-selectable-fields': selectableFields.map((fieldPath) => ({ fieldPath })) }
      : {}),
  }
  // Were any property named, kubectl would take all others for mistakes.
  if (dialect === 'v2' && schema['x-kubernetes-preserve-unknown-fields'])
    return { type: 'object', ...told }
  return { ...asObject(published(schema, dialect), dialect), type: 'object', ...told }
}

/** With what every object has beside its own properties. */
function asObject(own: Part, dialect: Dialect): Part {
  const properties = isObject(own['properties']) ? own['properties'] : {}
  const description = "Standard object's metadata: name, labels and what else every object has."
  return {
    ...own,
    properties: {
      ...properties,
      ...identity,
      metadata: metadata('ObjectMeta', description, dialect),
    },
  }
}

function listSchema(resource: DiscoveredResource, dialect: Dialect): Part {
  return {
    description: `A page of ${resource.kind} objects.`,
    type: 'object',
    required: ['items'],
    properties: {
      ...identity,
      items: {
        description: 'The entries.',
        type: 'array',
        items: reference(customName(resource), dialect),
      },
      metadata: metadata(
        'ListMeta',
        'Revision of the page, and where the next one begins.',
        dialect,
      ),
    },
    ...kindsOf(resource, 'List'),
  }
}

/** A schema as it is shown; embedded objects are said to have what every object has. */
function published(schema: SchemaProps, dialect: Dialect): Part {
  const kept = dialect === 'v2' ? sayableInV2(schema) : schema
  const { properties, additionalProperties: additional, ...rest } = kept
  const items = schemaOfItems(kept)
  const own: Part = {
    ...rest,
    ...(items ? { items: published(items, dialect) } : {}),
    ...(additional === undefined
      ? {}
      : {
          additionalProperties: isObject(additional)
            ? published(additional as SchemaProps, dialect)
            : additional,
        }),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, one]) => [name, published(one, dialect)]),
          ),
        }
      : {}),
  }
  const isOpen = dialect === 'v2' && schema['x-kubernetes-preserve-unknown-fields']
  return schema['x-kubernetes-embedded-resource'] && !isOpen ? asObject(own, dialect) : own
}

/**
 * Without what v2 cannot say: logic, null, and fields beside unknown ones; kubectl takes a type without
 * its items or properties for a mistake (pkg/controller/openapi/v2/conversion.go).
 */
function sayableInV2(schema: SchemaProps): SchemaProps {
  const { allOf: _a, anyOf: _b, oneOf: _c, not: _d, nullable, ...rest } = schema
  const isOpen = rest['x-kubernetes-preserve-unknown-fields'] === true
  const { type, items, properties, required, ...scalar } = rest
  const inner =
    nullable || isOpen ? {} : { ...(items ? { items } : {}), ...(properties ? { properties } : {}) }
  const typeless = nullable || (type === 'array' && !inner.items) || (type === 'object' && isOpen)
  const demanded = required?.filter((name) => !nullableMember(inner.properties, name)) ?? []
  return {
    ...scalar,
    ...inner,
    ...(typeless || !type ? {} : { type }),
    ...(demanded.length > 0 ? { required: demanded } : {}),
  }
}

function nullableMember(properties: SchemaProps['properties'], name: string): boolean {
  return (member(properties, name) as SchemaProps | undefined)?.nullable === true
}
