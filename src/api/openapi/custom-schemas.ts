import { isObject, type SchemaProps, schemaOfItems } from '../../kinds/structural/schema-props.ts'
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
  apiVersion: { description: 'Group and version of the kind, such as apps/v1.', type: 'string' },
  kind: { description: 'Name of the kind in camel case, such as Pod.', type: 'string' },
}

function metadata(name: string, description: string, dialect: Dialect): Part {
  const target = reference(`${meta}.${name}`, dialect)
  return dialect === 'v3' ? { allOf: [target], description } : { ...target, description }
}

function objectSchema(resource: DiscoveredResource, schema: SchemaProps, dialect: Dialect): Part {
  const own = published(schema, dialect)
  const properties = isObject(own['properties']) ? own['properties'] : {}
  return {
    ...own,
    type: 'object',
    properties: {
      ...properties,
      ...identity,
      metadata: metadata('ObjectMeta', 'Name, labels and what else every object has.', dialect),
    },
    ...kindsOf(resource),
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

/** What v2 cannot say is left out there: logic, null, and the fields beside unknown ones. */
function published(schema: SchemaProps, dialect: Dialect): Part {
  if (dialect === 'v3') return { ...schema }
  const { allOf: _a, anyOf: _b, oneOf: _c, not: _d, nullable, ...rest } = schema
  const items = schemaOfItems(rest)
  const { additionalProperties: additional, properties } = rest
  if (nullable) return described(rest)
  if (rest['x-kubernetes-preserve-unknown-fields'])
    return { ...described(rest), 'x-kubernetes-preserve-unknown-fields': true }
  return {
    ...rest,
    ...(items ? { items: published(items, dialect) } : {}),
    ...(isObject(additional)
      ? { additionalProperties: published(additional as SchemaProps, dialect) }
      : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, one]) => [name, published(one, dialect)]),
          ),
        }
      : {}),
  }
}

function described({ description, type }: SchemaProps): Part {
  return { ...(description ? { description } : {}), ...(type ? { type } : {}) }
}
