import { definition } from '../schema.ts'
import {
  childPath,
  isObject,
  type JsonObject,
  keepsUnknown,
  member,
  type SchemaProps,
  schemaOfAdditional,
  schemaOfItems,
} from './schema-props.ts'

/**
 * Takes out of `value` what its schema does not name, in place, and tells the paths of what went
 * (apiextensions-apiserver pkg/apiserver/schema/pruning/algorithm.go). An object of a custom kind,
 * and every embedded one, keeps apiVersion, kind and metadata whatever its schema says.
 */
export function prune(schema: SchemaProps, value: unknown, isResource: boolean): string[] {
  const pruned: string[] = []
  pruneValue(schema, value, isResource, '', pruned)
  return pruned
}

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
const identity: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])

function pruneValue(
  schema: SchemaProps,
  value: unknown,
  isRoot: boolean,
  path: string,
  pruned: string[],
): void {
  if (Array.isArray(value)) {
    const items = schemaOfItems(schema)
    // Without a schema the elements are unknown as a whole, unless they may be.
    if (items || !keepsUnknown(schema))
      for (const [index, item] of value.entries())
        pruneValue(items ?? {}, item, false, `${path}[${index}]`, pruned)
  } else if (isObject(value)) {
    const isResource = isRoot || schema['x-kubernetes-embedded-resource'] === true
    for (const name of Object.keys(value))
      pruneMember(schema, value, name, isResource, childPath(path, name), pruned)
    if (isResource && !isRoot) pruneMeta(value['metadata'], childPath(path, 'metadata'), pruned)
  }
}

/** An embedded object has the metadata of every object (pkg/apiserver/schema/objectmeta). */
function pruneMeta(metadata: unknown, path: string, pruned: string[]): void {
  if (!isObject(metadata)) return
  const { byName } = definition(objectMeta)
  for (const name of Object.keys(metadata).filter((one) => !byName.has(one))) {
    delete metadata[name]
    pruned.push(childPath(path, name))
  }
}

function pruneMember(
  schema: SchemaProps,
  record: JsonObject,
  name: string,
  isResource: boolean,
  path: string,
  pruned: string[],
): void {
  // Metadata has its own definition, not this schema.
  if (isResource && identity.has(name)) return
  const known = (member(schema.properties, name) ?? schemaOfAdditional(schema)) as
    | SchemaProps
    | undefined
  if (known) pruneValue(known, record[name], false, path, pruned)
  else if (keepsUnknown(schema)) return
  else {
    delete record[name]
    pruned.push(path)
  }
}
