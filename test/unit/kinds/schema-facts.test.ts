import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  allDefinitions,
  definition,
  type Field,
  findDefinition,
  type GroupVersionKind,
  type ValueType,
} from '../../../src/kinds/schema.ts'
import { kubernetesFacts, noFacts } from './kubernetes-facts.ts'

/** The schema table against Kubernetes' published schema: names, types, numbers, merge rules. */

interface TypeFacts {
  type?: string
  format?: string
  ref?: string
  list?: TypeFacts
  map?: TypeFacts
}

interface FieldFacts extends TypeFacts {
  proto?: number
  enum?: string[]
  'list-type'?: string
  'list-map-keys'?: string[]
  'map-type'?: string
  'patch-strategy'?: string
  'patch-merge-key'?: string
}

interface DefinitionFacts {
  required?: string[]
  fields?: Record<string, FieldFacts>
  'kubernetes-map-type'?: string
  'kubernetes-group-version-kind'?: GroupVersionKind[]
}

const facts = kubernetesFacts<{ definitions: Record<string, DefinitionFacts> }>('schema-facts.json')
const machinery = 'io.k8s.apimachinery.pkg'
const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'

/** Definitions that the table holds as types without fields, and the body of a patch. */
const scalarsByName: Readonly<Record<string, string>> = {
  [`${machinery}.api.resource.Quantity`]: 'quantity',
  [`${machinery}.apis.meta.v1.FieldsV1`]: 'fieldsV1',
  [`${machinery}.apis.meta.v1.MicroTime`]: 'microTime',
  [`${machinery}.apis.meta.v1.Patch`]: 'patch',
  [`${machinery}.apis.meta.v1.Time`]: 'time',
  [`${machinery}.runtime.RawExtension`]: 'raw',
  [`${machinery}.util.intstr.IntOrString`]: 'intOrString',
  [`${extensions}.JSON`]: 'json',
  [`${extensions}.JSONSchemaPropsOrArray`]: 'schemaOrArray',
  [`${extensions}.JSONSchemaPropsOrBool`]: 'schemaOrBool',
  [`${extensions}.JSONSchemaPropsOrStringArray`]: 'schemaOrStrings',
}

test('the table holds 584 of 584 definitions and 2,458 of 2,458 fields of v1.36', (t) => {
  if (!facts) return t.skip(noFacts)
  const expected = Object.keys(facts.definitions)
  const missing = expected.filter((name) => !findDefinition(name) && !scalarsByName[name])
  assert.deepEqual(missing, [])
  const extra = allDefinitions().filter(({ name }) => !facts.definitions[name])
  assert.deepEqual(extra, [])
  const fields = allDefinitions().reduce((count, { fields }) => count + fields.length, 0)
  assert.deepEqual([expected.length, fields], [584, 2458])
})

test('every field has the name, type, number and merge rules of v1.36', (t) => {
  if (!facts) return t.skip(noFacts)
  const differences: string[] = []
  for (const [name, expected] of Object.entries(facts.definitions)) {
    if (scalarsByName[name]) continue
    const found = definition(name)
    const names = found.fields.map((field) => field.name)
    assert.deepEqual(names, Object.keys(expected.fields ?? {}).sort(), name)
    assert.equal(found.mapType, expected['kubernetes-map-type'], name)
    for (const field of found.fields) {
      const wanted = expected.fields?.[field.name] ?? {}
      const required = (expected.required ?? []).includes(field.name)
      for (const [fact, [ours, theirs]] of Object.entries(compared(field, wanted, required)))
        if (JSON.stringify(ours) !== JSON.stringify(theirs))
          differences.push(`${name}.${field.name} ${fact}: ${ours} for ${theirs}`)
    }
  }
  assert.deepEqual(differences, [])
})

test('kinds are those of v1.36', (t) => {
  if (!facts) return t.skip(noFacts)
  const known = facts.definitions
  for (const { name, kinds, everyGroup } of allDefinitions()) {
    const expected: readonly GroupVersionKind[] =
      known[name]?.['kubernetes-group-version-kind'] ?? []
    if (everyGroup) assert.ok(expected.length > 1, name)
    else
      assert.deepEqual(
        kinds.map(({ group, version, kind }) => `${group}/${version}/${kind}`),
        expected.map(({ group, version, kind }) => `${group}/${version}/${kind}`),
        name,
      )
  }
})

function compared(field: Field, wanted: FieldFacts, required: boolean) {
  return {
    type: [typeText(field.type), typeTextOf(wanted)],
    required: [field.required, required],
    // Fields of structs that Go inlines have no number of their own in the published schema.
    number: [wanted.proto === undefined ? undefined : field.number, wanted.proto],
    enum: [field.enum, wanted.enum],
    listType: [field.listType, wanted['list-type']],
    listKeys: [field.listKeys, wanted['list-map-keys'] ?? []],
    mapType: [field.mapType, wanted['map-type']],
    patch: [field.patchStrategies.join(), wanted['patch-strategy'] ?? ''],
    mergeKey: [field.mergeKey, wanted['patch-merge-key']],
  }
}

function typeText(type: ValueType): string {
  if (type.is === 'list') return `[]${typeText(type.of)}`
  if (type.is === 'map') return `{}${typeText(type.of)}`
  return type.is === 'scalar' ? type.scalar : type.definition
}

const plainTypes: Readonly<Record<string, string>> = {
  string: 'string',
  'string/byte': 'bytes',
  boolean: 'bool',
  'integer/int32': 'int32',
  'integer/int64': 'int64',
  'number/double': 'double',
}

function typeTextOf({ type, format, ref, list, map }: TypeFacts): string {
  if (list) return `[]${typeTextOf(list)}`
  if (map) return `{}${typeTextOf(map)}`
  if (ref) return scalarsByName[ref] ?? ref
  return plainTypes[format === undefined ? `${type}` : `${type}/${format}`] ?? 'unknown'
}
