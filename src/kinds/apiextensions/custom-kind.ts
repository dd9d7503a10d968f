import { limits } from '../../base/limits.ts'
import { Budget } from '../cel/budget.ts'
import { ageColumn, dropStatus, keepStatus, nameColumn, subresource } from '../define-kind.ts'
import type { AnyObject, Column, CustomContent, FieldError, Kind, Verb } from '../kind.ts'
import { age, ageOf, nameOf } from '../print.ts'
import { hasRules } from '../structural/compile-rules.ts'
import { type JsonPath, parseJsonPath, valuesAt } from '../structural/json-path.ts'
import { judgeRules } from '../structural/rules.ts'
import { member, type SchemaProps } from '../structural/schema-props.ts'
import { invalidValue, validateValue } from '../structural/validate-value.ts'
import { fieldErrorText } from '../validation/field-error.ts'
import { standardFinalizers, validateMeta, validateMetaUpdate } from '../validation/object-meta.ts'
import {
  type CustomDefinition,
  type DefinitionVersion,
  type PrinterColumn,
  type ScalePaths,
  storageVersionOf,
} from './definition-spec.ts'
import { validateEmbedded } from './validate-embedded.ts'
import { compareVersionNames } from './version-order.ts'

const verbs: readonly Verb[] = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'create',
  'update',
  'watch',
]
const readWrite = ['get', 'patch', 'update']

/**
 * The kind that a version of a CustomResourceDefinition makes: data and functions like those of every
 * other, so that the same handlers serve it
 * (apiextensions-apiserver pkg/registry/customresource/{etcd,strategy,status_strategy}.go).
 */
export function customKind(definition: CustomDefinition, version: DefinitionVersion): Kind {
  const { spec, status } = definition
  const names = status?.acceptedNames?.kind ? status.acceptedNames : spec.names
  const { kind, plural } = spec.names
  const custom = contentOf(definition, version)
  const namespaced = spec.scope === 'Namespaced'
  const selectable = (version.selectableFields ?? []).map(({ jsonPath }) =>
    readSelectable(jsonPath),
  )
  return {
    group: spec.group,
    version: version.name,
    kind,
    listKind: names.listKind || `${kind}List`,
    resource: plural,
    singular: names.singular || kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced,
    verbs,
    subresources: [
      ...(custom.scale ? [subresource('scale', 'Scale', readWrite, 'autoscaling')] : []),
      ...(custom.hasStatus
        ? [subresource('status', kind, readWrite, spec.group, version.name)]
        : []),
    ],
    definition: '',
    custom,
    deprecationWarning: deprecationOf(definition, version),
    countsGeneration: true,
    generationFields: [],
    unconditionalUpdate: false,
    createOnUpdate: false,
    defaultPropagation: 'Background',
    parts: new Map(),
    prepareCreate: custom.hasStatus ? dropStatus : () => undefined,
    prepareUpdate: custom.hasStatus ? keepStatus : () => undefined,
    prepareStatusUpdate,
    statusKeeps: 'all',
    ...validations(custom, namespaced),
    warnings: (object, old) => [
      ...(ratcheted.get(object) ?? []),
      ...finalizerWarnings(object, old),
    ],
    selectableFields: (object) =>
      new Map(selectable.map(({ name, path }) => [name, textAt(path, object)])),
    selectableFieldNames: selectable.map(({ name }) => name),
    ...printing(version.additionalPrinterColumns),
  }
}

function deprecationOf(
  { spec: { group, names, versions } }: CustomDefinition,
  { name, deprecated, deprecationWarning }: DefinitionVersion,
): string | undefined {
  if (!deprecated) return undefined
  if (deprecationWarning !== undefined) return deprecationWarning
  const [better] = versions
    .filter((one) => one.served && !one.deprecated && compareVersionNames(one.name, name) < 0)
    .sort((left, right) => compareVersionNames(left.name, right.name))
  const instead = better ? `; use ${group}/${better.name} ${names.kind}` : ''
  return `${group}/${name} ${names.kind} is deprecated${instead}`
}

function contentOf(definition: CustomDefinition, version: DefinitionVersion): CustomContent {
  const { subresources } = version
  return {
    schema: version.schema?.openAPIV3Schema ?? {},
    hasStatus: subresources?.status !== undefined,
    scale: subresources?.scale && scaleFields(subresources.scale),
    storageVersion: storageVersionOf(definition),
  }
}

function scaleFields(paths: ScalePaths): CustomContent['scale'] {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = paths
  // What is between dots is a name, whatever it looks like (pkg/registry/customresource/etcd.go).
  const names = (path: string) => path.replace(/^\./, '').split('.')
  return {
    specReplicas: names(specReplicasPath),
    statusReplicas: names(statusReplicasPath),
    labelSelector: labelSelectorPath ? names(labelSelectorPath) : undefined,
  }
}

/** A write to /status changes nothing else, labels and annotations included. */
function prepareStatusUpdate(object: AnyObject, old: AnyObject): void {
  const { status } = object
  const { resourceVersion, managedFields } = object.metadata
  for (const field of Object.keys(object)) delete object[field]
  Object.assign(object, old)
  object.metadata = { ...old.metadata, resourceVersion, managedFields }
  if (status === undefined) delete object['status']
  else object['status'] = status
}

/** Rules that an object breaks, and broke before, as they were judged: warnings are asked for afterwards. */
const ratcheted = new WeakMap<AnyObject, readonly string[]>()

function validations(
  custom: CustomContent,
  namespaced: boolean,
): Pick<Kind, 'validateCreate' | 'validateUpdate' | 'validateStatusUpdate'> {
  const { schema } = custom
  const ruled = hasRules(schema)
  const whole = (object: AnyObject, old: AnyObject | undefined): FieldError[] => [
    ...withoutOldRepeats(schema, validateValue(schema, object, '', old), old),
    ...replicasErrors(custom, object),
    ...validateEmbedded(schema, object, ''),
  ]
  const judged = (
    errors: readonly FieldError[],
    object: AnyObject,
    old: AnyObject | undefined,
  ): FieldError[] => {
    if (!ruled) return [...errors]
    if (errors.some(({ type }) => hidesRules.has(type))) return [...errors, rulesUnchecked]
    const budget = new Budget(limits.celRequestCostMax)
    const found = judgeRules(schema, object, old, budget)
    ratcheted.set(object, found.warnings.map(fieldErrorText))
    return [...errors, ...found.errors]
  }
  const ofUpdate = (object: AnyObject, old: AnyObject) =>
    validateMetaUpdate(object.metadata, old.metadata, { anyFinalizer: true })
  return {
    validateCreate: (object) => {
      const ofMeta = validateMeta(object.metadata, { namespaced, anyFinalizer: true })
      return judged([...ofMeta, ...whole(object, undefined)], object, undefined)
    },
    validateUpdate: (object, old) =>
      judged([...ofUpdate(object, old), ...whole(object, old)], object, old),
    validateStatusUpdate: (object, old) =>
      judged([...ofUpdate(object, old), ...statusErrors(custom, object, old)], object, old),
  }
}

/** Of an object that had something twice in a list nobody asks that it has nothing twice (strategy.go). */
function withoutOldRepeats(
  schema: SchemaProps,
  errors: readonly FieldError[],
  old: AnyObject | undefined,
): readonly FieldError[] {
  const isRepeat = ({ type }: FieldError) => type === 'FieldValueDuplicate'
  if (!old || !errors.some(isRepeat)) return errors
  return validateValue(schema, old, '').some(isRepeat)
    ? errors.filter((one) => !isRepeat(one))
    : errors
}

/** Nothing but the status is judged where nothing else is written, and by a path of its own. */
function statusErrors(custom: CustomContent, object: AnyObject, old: AnyObject): FieldError[] {
  const schema = member(custom.schema.properties, 'status') as SchemaProps | undefined
  const { status } = object
  const isJudged = schema && status !== undefined
  const found = isJudged ? validateValue(schema, status, '', old['status']) : []
  const placed = found.map((error) => {
    const isPlaced = error.field !== '<nil>'
    return isPlaced ? { ...error, field: `status.${error.field}`.replace(/\.(?=\[|$)/, '') } : error
  })
  return [...placed, ...replicasErrors(custom, object)]
}

/** A value that breaks its schema like that is none that a rule could judge (strategy.go). */
const hidesRules: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

const rulesUnchecked: FieldError = {
  type: 'FieldValueInvalid',
  field: '<nil>',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
}

/** New finalizers without a domain may be somebody else's too (strategy.go generateWarningsFromObj). */
function finalizerWarnings({ metadata }: AnyObject, old: AnyObject | undefined): string[] {
  const known = new Set(old?.metadata.finalizers)
  return (metadata.finalizers ?? [])
    .filter((one) => !known.has(one) && !one.includes('/') && !standardFinalizers.has(one))
    .map(
      (one) =>
        `metadata.finalizers: ${JSON.stringify(one)}: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers`,
    )
}

const replicasMax = 2 ** 31 - 1

/** What the scale subresource shows must be a number of replicas, whatever the schema says. */
function replicasErrors({ scale }: CustomContent, object: AnyObject): FieldError[] {
  if (!scale) return []
  return [scale.specReplicas, scale.statusReplicas].flatMap((names) => {
    const value = fieldAt(object, names)
    if (value === undefined) return []
    const field = names.join('.')
    if (typeof value !== 'number' || !Number.isInteger(value))
      return [invalidValue(field, value, 'must be an integer')]
    if (value < 0) return [invalidValue(field, value, 'should be a non-negative integer')]
    return value > replicasMax
      ? [invalidValue(field, value, `should be less than or equal to ${replicasMax}`)]
      : []
  })
}

/** The value that the names lead to; undefined where there is none. */
export function fieldAt(object: unknown, names: readonly string[]): unknown {
  return valuesAt(
    names.map((name) => ({ is: 'member', name })),
    object,
  )[0]
}

function readSelectable(jsonPath: string): { name: string; path: JsonPath } {
  return { name: jsonPath.replace(/^\./, ''), path: parseJsonPath(jsonPath) }
}

function textAt(path: JsonPath, object: AnyObject): string {
  const [value] = valuesAt(path, object)
  return value === undefined || value === null ? '' : String(value)
}

/** Columns of tables: the name, then those of the definition, or the age. */
function printing(columns: readonly PrinterColumn[] | undefined): Pick<Kind, 'columns' | 'row'> {
  if (!columns || columns.length === 0)
    return {
      columns: [nameColumn, { ...ageColumn, type: 'date' }],
      row: (object, nowMs) => [nameOf(object), age(object, nowMs)],
    }
  const cells = columns.map((column) => ({
    type: column.type,
    path: parseJsonPath(column.jsonPath),
  }))
  return {
    columns: [nameColumn, ...columns.map(columnOf)],
    row: (object, nowMs) => [
      nameOf(object),
      ...cells.map(({ type, path }) => cellOf(type, valuesAt(path, object)[0], nowMs)),
    ],
  }
}

function columnOf({ name, type, format, description, jsonPath, priority }: PrinterColumn): Column {
  return {
    name,
    type,
    format: format ?? '',
    description:
      description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: priority ?? 0,
  }
}

/** A cell; null for what is not there or not of the column's type (tableconvertor.go). */
function cellOf(type: string, value: unknown, nowMs: number): string | number | boolean | null {
  if (value === undefined || value === null) return null
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      if (typeof value !== 'string') return null
      return Number.isNaN(Date.parse(value)) ? '<invalid>' : ageOf(value, nowMs)
    default:
      return typeof value === 'object' ? JSON.stringify(value) : String(value)
  }
}
