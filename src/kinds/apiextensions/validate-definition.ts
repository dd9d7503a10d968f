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
  tooMany,
} from '../validation/field-error.ts'
import { dns1035LabelProblems, dns1123SubdomainProblems } from '../validation/names.ts'
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
export function validateDefinition(definition: CustomDefinition): FieldError[] {
  const { spec, metadata } = definition
  // The schema table tells what is missing: then there is nothing more to say.
  if (!spec.names?.plural || !spec.names.kind || !spec.group || !spec.scope || !spec.versions)
    return []
  const { names } = spec
  const wanted = `${names.plural}.${spec.group}`
  const found: FieldError[] = []
  if (metadata.name !== wanted)
    found.push(
      invalid('metadata.name', metadata.name ?? '', 'must be spec.names.plural+"."+spec.group'),
    )
  found.push(...groupErrors(spec.group), ...protectedErrors(definition))
  if (!['Namespaced', 'Cluster'].includes(spec.scope))
    found.push(notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']))
  if (spec.preserveUnknownFields)
    found.push(
      invalid(
        'spec.preserveUnknownFields',
        true,
        'must be false in order to use defaults in the schema',
      ),
    )
  found.push(...namesErrors(names, 'spec.names'), ...versionsErrors(spec.versions))
  found.push(...conversionErrors(spec.conversion))
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

function groupErrors(group: string): FieldError[] {
  const found = invalids('spec.group', group, dns1123SubdomainProblems(group))
  if (!group.includes('.'))
    found.push(invalid('spec.group', group, 'should be a domain with at least one dot'))
  return found
}

const approval = 'api-approved.kubernetes.io'

/** Groups of the project itself need its approval (pkg/apihelpers/helpers.go). */
function protectedErrors({ spec, metadata }: CustomDefinition): FieldError[] {
  const { group } = spec
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return []
  const path = `metadata.annotations[${approval}]`
  const given = metadata.annotations?.[approval]
  if (!given)
    return [
      required(
        path,
        'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
      ),
    ]
  if (given.startsWith('unapproved') || URL.canParse(given)) return []
  return [
    invalid(
      path,
      given,
      'protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111',
    ),
  ]
}

function namesErrors(names: DefinitionNames, path: string): FieldError[] {
  const {
    plural,
    singular = '',
    kind = '',
    listKind = '',
    shortNames = [],
    categories = [],
  } = names
  const found: FieldError[] = []
  const check = (field: string, value: string, text: string) => {
    found.push(...invalids(`${path}.${field}`, text, dns1035LabelProblems(value)))
  }
  check('plural', plural, plural)
  if (singular) check('singular', singular, singular)
  if (kind) check('kind', kind.toLowerCase(), kind)
  if (listKind) check('listKind', listKind.toLowerCase(), listKind)
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

function versionsErrors(versions: readonly DefinitionVersion[]): FieldError[] {
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
    if (version.deprecationWarning && !version.deprecated)
      found.push(
        invalid(
          `${path}.deprecationWarning`,
          version.deprecationWarning,
          'can only be set for deprecated versions',
        ),
      )
    found.push(...versionErrors(version, path))
  })
  if (versions.length === 0) found.push(required('spec.versions', 'must have at least one version'))
  else if (versions.filter((version) => version.storage).length !== 1)
    found.push(
      invalid(
        'spec.versions',
        shownVersions(versions),
        'must have exactly one version marked as storage version',
      ),
    )
  return found
}

function shownVersions(versions: readonly DefinitionVersion[]): string[] {
  return versions.map((version) => version.name)
}

function versionErrors(version: DefinitionVersion, path: string): FieldError[] {
  const found: FieldError[] = []
  const schema = version.schema?.openAPIV3Schema
  const at = `${path}.schema.openAPIV3Schema`
  if (!schema) found.push(required(at, 'schemas are required'))
  else found.push(...schemaErrors(schema, at))
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
    found.push(...pathErrors(column.jsonPath, `${place}.jsonPath`))
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

const columnTypes = ['integer', 'number', 'string', 'boolean', 'date']
const columnFormats = ['int32', 'int64', 'float', 'double', 'byte', 'date', 'date-time', 'password']

function pathErrors(text: string | undefined, path: string): FieldError[] {
  if (!text) return [required(path)]
  try {
    parseJsonPath(text)
    return text.startsWith('.') || text.startsWith('{')
      ? []
      : [invalid(path, text, 'must be a JSON path that starts with a dot')]
  } catch (error) {
    return [invalid(path, text, `invalid jsonPath: ${(error as Error).message}`)]
  }
}

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
    const names = plainNames(text)
    if (!names) found.push(invalid(at, text, 'must be a json path without array notation'))
    else if (!roots.includes(names[0] ?? ''))
      found.push(
        invalid(
          at,
          text,
          `should be a json path under ${roots.map((root) => `.${root}`).join(' or ')}`,
        ),
      )
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
  if (!names) return [invalid(path, text, 'is an invalid path: must be a simple path')]
  if (names[0] === 'metadata') return [invalid(path, text, 'must not point to fields in metadata')]
  let at: SchemaProps | undefined = schema
  for (const name of names) at = at && schemaOfMember(at, name)
  if (!at) return [invalid(path, text, 'is an invalid path: does not refer to a valid field')]
  if (['string', 'integer', 'boolean'].includes(at.type ?? '')) return []
  return [invalid(path, text, 'must point to a field of type string, boolean or integer')]
}

function conversionErrors(conversion: DefinitionConversion | undefined): FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  const path = 'spec.conversion'
  if (strategy === 'None')
    return webhook
      ? [forbidden(`${path}.webhook`, 'should not be set when strategy is not set to Webhook')]
      : []
  if (strategy !== 'Webhook')
    return [
      strategy
        ? notSupported(`${path}.strategy`, strategy, ['None', 'Webhook'])
        : required(`${path}.strategy`),
    ]
  const found: FieldError[] = []
  if (!webhook?.clientConfig)
    found.push(required(`${path}.webhook.clientConfig`, 'required when strategy is set to Webhook'))
  else found.push(...clientConfigErrors(webhook.clientConfig, `${path}.webhook.clientConfig`))
  const versions = webhook?.conversionReviewVersions ?? []
  if (versions.length === 0) found.push(required(`${path}.webhook.conversionReviewVersions`))
  else if (!versions.includes('v1') && !versions.includes('v1beta1'))
    found.push(
      invalid(
        `${path}.webhook.conversionReviewVersions`,
        versions,
        'must include at least one of v1, v1beta1',
      ),
    )
  return found
}
