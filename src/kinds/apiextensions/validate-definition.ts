import { limits } from '../../base/limits.ts'
import { clientConfigErrors } from '../admissionregistration/validate-webhook-client.ts'
import type { FieldError } from '../kind.ts'
import { isPlainPath, namesOf, parseJsonPath } from '../structural/json-path.ts'
import { type SchemaProps, schemaOfMember } from '../structural/schema-props.ts'
import {
  duplicate,
  forbidden,
  immutable,
  invalid,
  invalids,
  notSupported,
  required,
  same,
  tooMany,
} from '../validation/field-error.ts'
import { dns1035LabelProblems, dns1123SubdomainProblems } from '../validation/names.ts'
import { approvalAnnotation, approvalOf } from './api-approval.ts'
import {
  type CustomDefinition,
  type DefinitionConversion,
  type DefinitionNames,
  type DefinitionVersion,
  hasCondition,
} from './definition-spec.ts'
import { schemaErrors } from './validate-schema-props.ts'

/**
 * The rules of CustomResourceDefinitions
 * (apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go).
 */
export function validateDefinition(
  definition: CustomDefinition,
  old?: CustomDefinition,
): FieldError[] {
  const { spec, metadata } = definition
  const { group = '', scope = '', names = { plural: '', kind: '' }, versions = [] } = spec ?? {}
  const wanted = `${names.plural ?? ''}.${group}`
  const found: FieldError[] = []
  if (metadata.name !== wanted)
    found.push(
      invalid('metadata.name', metadata.name ?? '', 'must be spec.names.plural+"."+spec.group'),
    )
  found.push(...groupErrors(group), ...approvalErrors(definition, old))
  if (!scope) found.push(required('spec.scope'))
  else if (!['Namespaced', 'Cluster'].includes(scope))
    found.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']))
  if (spec?.preserveUnknownFields)
    found.push(
      invalid(
        'spec.preserveUnknownFields',
        true,
        'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ),
    )
  found.push(...sharedPlaces(versionsErrors(versions, spec?.versions, old), versions))
  found.push(...namesErrors(names, 'spec.names'), ...conversionErrors(spec?.conversion))
  if (!versions.some((version) => version.storage))
    found.push(invalid('status.storedVersions', null, 'must have at least one stored version'))
  return found
}

/** What may not change once the names are established. */
export function validateDefinitionUpdate(
  definition: CustomDefinition,
  old: CustomDefinition,
): FieldError[] {
  const { spec } = definition
  const found = [
    ...immutable('spec.group', spec.group, old.spec.group),
    ...immutable('spec.names.plural', spec.names?.plural, old.spec.names?.plural),
  ]
  if (hasCondition(old, 'Established')) {
    found.push(...immutable('spec.scope', spec.scope, old.spec.scope))
    found.push(...immutable('spec.names.kind', spec.names?.kind, old.spec.names?.kind))
  }
  const versions = new Set((spec.versions ?? []).map((version) => version.name))
  const stored = old.status?.storedVersions ?? []
  stored.forEach((version, index) => {
    if (!versions.has(version))
      found.push(
        invalid(
          `status.storedVersions[${index}]`,
          version,
          'missing from spec.versions; ' +
            `${version} was previously a storage version, and must remain in spec.versions ` +
            'until a storage migration ensures no data remains persisted in ' +
            `${version} and removes ${version} from status.storedVersions`,
        ),
      )
  })
  return found
}

/** What all versions have in common is told of the definition as a whole: its names there. */
const sharedNames: ReadonlyMap<keyof DefinitionVersion, string> = new Map([
  ['schema', 'validation'],
  ['subresources', 'subresources'],
  ['additionalPrinterColumns', 'additionalPrinterColumns'],
  ['selectableFields', 'selectableFields'],
])

/**
 * Kubernetes judges a definition in its internal version, which holds what all versions share only once
 * (apiextensions-apiserver pkg/apis/apiextensions/v1/conversion.go).
 */
function sharedPlaces(
  errors: readonly FieldError[],
  versions: readonly DefinitionVersion[],
): FieldError[] {
  const isShared = (name: keyof DefinitionVersion) =>
    versions.every((version) => same(version[name], versions[0]?.[name])) &&
    (name !== 'schema' || versions[0]?.schema?.openAPIV3Schema !== undefined)
  const shared = new Map([...sharedNames].filter(([name]) => isShared(name)))
  return errors.flatMap((error) => {
    const [, index, name = '', rest] =
      /^spec\.versions\[(\d+)\]\.(\w+)(.*)$/s.exec(error.field) ?? []
    const place = shared.get(name as keyof DefinitionVersion)
    if (place === undefined) return [error]
    if (index !== '0') return []
    // Some messages name a second place.
    const message = error.message.replaceAll(`spec.versions[0].${name}`, `spec.${place}`)
    return [{ ...error, field: `spec.${place}${rest}`, message }]
  })
}

function groupErrors(group: string): FieldError[] {
  if (group === '') return [required('spec.group')]
  const found = invalids('spec.group', group, dns1123SubdomainProblems(group))
  if (!group.includes('.'))
    found.push(invalid('spec.group', group, 'should be a domain with at least one dot'))
  return found
}

/** Groups of the project itself need its approval; what was let in before may stay as it was. */
export function approvalErrors(
  definition: CustomDefinition,
  old: CustomDefinition | undefined,
): FieldError[] {
  const approval = approvalOf(definition)
  if (!approval || approval.state === 'approved' || approval.state === 'bypassed') return []
  if (old && approvalOf(old)?.state === approval.state) return []
  const path = `metadata.annotations[${approvalAnnotation}]`
  if (approval.state === 'missing') return [required(path, approval.reason)]
  const given = definition.metadata.annotations?.[approvalAnnotation] ?? ''
  return [invalid(path, given, approval.reason)]
}

function namesErrors(names: DefinitionNames, path: string): FieldError[] {
  const {
    plural = '',
    singular = '',
    kind = '',
    listKind = '',
    shortNames = [],
    categories = [],
  } = names
  const found: FieldError[] = []
  const check = (field: string, value: string, text: string, prefix = '') => {
    const problems = dns1035LabelProblems(value)
    const told = problems.map((problem) => prefix + problem)
    found.push(...invalids(`${path}.${field}`, text, told))
  }
  const mixed = 'may have mixed case, but should otherwise match: '
  for (const [field, value] of Object.entries({ plural, singular, kind, listKind })) {
    const isName = field === 'plural' || field === 'singular'
    if (!value) found.push(required(`${path}.${field}`))
    else if (isName) check(field, value, value)
    else check(field, value.toLowerCase(), value, mixed)
  }
  if (kind && kind === listKind)
    found.push(invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same'))
  shortNames.forEach((name, index) => {
    check(`shortNames[${index}]`, name, name)
  })
  categories.forEach((name, index) => {
    check(`categories[${index}]`, name, name)
  })
  return found
}

function versionsErrors(
  versions: readonly DefinitionVersion[],
  given: readonly DefinitionVersion[] | undefined,
  old: CustomDefinition | undefined,
): FieldError[] {
  const found: FieldError[] = []
  const seen = new Set<string>()
  versions.forEach((version, index) => {
    const path = `spec.versions[${index}]`
    found.push(
      ...invalids(`${path}.name`, version.name ?? '', dns1035LabelProblems(version.name ?? '')),
    )
    if (seen.has(version.name))
      found.push(
        invalid('spec.versions', shownVersions(versions), 'must contain unique version names'),
      )
    seen.add(version.name)
    found.push(...warningErrors(version, `${path}.deprecationWarning`))
    found.push(...versionErrors(version, path, keepsSchema(version, old)))
  })
  if (versions.filter((version) => version.storage).length !== 1)
    found.push(
      invalid(
        'spec.versions',
        given ? shownVersions(versions) : null,
        'must have exactly one version marked as storage version',
      ),
    )
  return found
}

/** A warning goes into a header: it must fit there (validation.go validateDeprecationWarning). */
function warningErrors(
  { deprecated, deprecationWarning: text }: DefinitionVersion,
  path: string,
): FieldError[] {
  if (text === undefined) return []
  if (!deprecated) return [invalid(path, text, 'can only be set for deprecated versions')]
  if (text === '') return [invalid(path, text, 'must not be an empty string')]
  if (Buffer.byteLength(text) > limits.deprecationWarningBytesMax)
    return [invalid(path, text, `must be <= ${limits.deprecationWarningBytesMax} characters long`)]
  const at = text.search(/[\p{C}\p{Zl}\p{Zp}]|[^\S ]/u)
  if (at < 0) return []
  const why = `must only contain printable UTF-8 characters; non-printable character found at index ${at}`
  return [invalid(path, text, why)]
}

/** Versions as Kubernetes prints them: its internal type, without what they have in common. */
function shownVersions(versions: readonly DefinitionVersion[]): object[] {
  return versions.map(
    ({ name, served, storage, deprecated = false, deprecationWarning = null }) => ({
      ...{ Name: name, Served: served, Storage: storage },
      ...{ Deprecated: deprecated, DeprecationWarning: deprecationWarning },
      ...{
        Schema: null,
        Subresources: null,
        AdditionalPrinterColumns: null,
        SelectableFields: null,
      },
    }),
  )
}

/** A schema that was there before was let in by whoever judged it then. */
function keepsSchema(
  { name, schema }: DefinitionVersion,
  old: CustomDefinition | undefined,
): boolean {
  const before = old?.spec.versions?.find((one) => one.name === name)
  return before !== undefined && same(schema, before.schema)
}

function versionErrors(
  version: DefinitionVersion,
  path: string,
  isUnchanged: boolean,
): FieldError[] {
  const found: FieldError[] = []
  const schema = version.schema?.openAPIV3Schema
  const at = `${path}.schema.openAPIV3Schema`
  if (!schema) found.push(required(at))
  else found.push(...schemaErrors(schema, at, isUnchanged))
  const { additionalPrinterColumns: columns = [], selectableFields = [] } = version
  columns.forEach((column, index) => {
    const place = `${path}.additionalPrinterColumns[${index}]`
    if (!column.name) found.push(required(`${place}.name`))
    if (!column.type)
      found.push(required(`${place}.type`, `must be one of ${columnTypes.join(',')}`))
    else if (!columnTypes.includes(column.type))
      found.push(invalid(`${place}.type`, column.type, `must be one of ${columnTypes.join(',')}`))
    if (column.format && !columnFormats.includes(column.format))
      found.push(
        invalid(`${place}.format`, column.format, `must be one of ${columnFormats.join(',')}`),
      )
    found.push(...pathErrors(column.jsonPath, `${place}.JSONPath`))
  })
  found.push(...scaleErrors(version, `${path}.subresources.scale`))
  if (selectableFields.length > limits.selectableFieldsMax)
    found.push(
      tooMany(`${path}.selectableFields`, selectableFields.length, limits.selectableFieldsMax),
    )
  selectableFields.forEach((field, index) => {
    const place = `${path}.selectableFields[${index}].jsonPath`
    found.push(...selectableErrors(schema, field.jsonPath, place))
    if (selectableFields.findIndex((one) => one.jsonPath === field.jsonPath) < index)
      found.push(duplicate(place, field.jsonPath))
  })
  return found
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']

function pathErrors(text: string | undefined, path: string): FieldError[] {
  if (!text) return [required(path)]
  if (!text.startsWith('.')) return [invalid(path, text, notSimple)]
  try {
    parseJsonPath(text)
    return []
  } catch (error) {
    return [invalid(path, text, `invalid jsonPath: ${(error as Error).message}`)]
  }
}

const notSimple = 'must be a simple json path starting with .'

function plainNames(text: string): string[] | undefined {
  try {
    const path = parseJsonPath(text)
    return isPlainPath(path) ? namesOf(path) : undefined
  } catch {
    return undefined
  }
}

function scaleErrors(version: DefinitionVersion, path: string): FieldError[] {
  const scale = version.subresources?.scale
  if (!scale) return []
  const found: FieldError[] = []
  const check = (
    field: string,
    text: string | undefined,
    roots: readonly string[],
    isRequired = true,
  ) => {
    const at = `${path}.${field}`
    if (!text) {
      if (isRequired) found.push(required(at))
      return
    }
    const under = roots.map((root) => `.${root}`).join(' or ')
    const either = roots.length > 1 ? 'either ' : ''
    if (!text.startsWith('.')) found.push(invalid(at, text, notSimple))
    else if (!roots.some((root) => text.startsWith(`.${root}.`)))
      found.push(invalid(at, text, `should be a json path under ${either}${under}`))
  }
  check('specReplicasPath', scale.specReplicasPath, ['spec'])
  check('statusReplicasPath', scale.statusReplicasPath, ['status'])
  check('labelSelectorPath', scale.labelSelectorPath, ['spec', 'status'], false)
  return found
}

function selectableErrors(
  schema: SchemaProps | undefined,
  text: string,
  path: string,
): FieldError[] {
  const names = plainNames(text)
  if (!text) return [required(path)]
  if (!names) {
    const why = /[[\]]/.test(text) ? 'array notation is not allowed' : 'must be a simple path'
    return [invalid(path, text, `is an invalid path: ${why}`)]
  }
  let at: SchemaProps | undefined = schema
  for (const name of names) at = at && schemaOfMember(at, name)
  if (!at) return [invalid(path, text, 'is an invalid path: does not refer to a valid field')]
  if (['string', 'integer', 'boolean'].includes(at.type ?? '')) return []
  return [
    invalid(
      path,
      text,
      'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
    ),
  ]
}

function conversionErrors(conversion: DefinitionConversion | undefined): FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  const path = 'spec.conversion'
  if (strategy === 'None') return webhook ? unusedErrors(webhook, path) : []
  if (strategy !== 'Webhook')
    return [
      strategy
        ? notSupported(`${path}.strategy`, strategy, ['None', 'Webhook'])
        : required(`${path}.strategy`),
    ]
  const found: FieldError[] = []
  if (!webhook?.clientConfig)
    found.push(required(`${path}.webhookClientConfig`, 'required when strategy is set to Webhook'))
  else found.push(...clientConfigErrors(webhook.clientConfig, `${path}.webhookClientConfig`))
  const versions = webhook?.conversionReviewVersions ?? []
  if (versions.length === 0) found.push(required(`${path}.conversionReviewVersions`))
  else if (!versions.includes('v1') && !versions.includes('v1beta1'))
    found.push(
      invalid(
        `${path}.conversionReviewVersions`,
        versions,
        'must include at least one of v1, v1beta1',
      ),
    )
  return found
}

function unusedErrors(
  webhook: NonNullable<DefinitionConversion['webhook']>,
  path: string,
): FieldError[] {
  const why = 'should not be set when strategy is not set to Webhook'
  const given = [
    ...(webhook.clientConfig ? ['webhookClientConfig'] : []),
    ...(webhook.conversionReviewVersions ? ['conversionReviewVersions'] : []),
  ]
  return given.map((name) => forbidden(`${path}.${name}`, why))
}
