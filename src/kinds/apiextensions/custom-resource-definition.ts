import { clientConfigErrors } from '../admissionregistration/validate-webhook-client.ts'
import { column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { nameOf } from '../print.ts'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
} from '../types.ts'
import {
  duplicate,
  immutable,
  invalid,
  invalids,
  notSupported,
  required,
} from '../validation/field-error.ts'
import { dns1035LabelProblems, dns1123SubdomainProblems } from '../validation/names.ts'

/**
 * apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go. What a schema may say is
 * checked where schemas are compiled.
 */
export const customResourceDefinition = defineKind({
  group: 'apiextensions.k8s.io',
  kind: 'CustomResourceDefinition',
  resource: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  definition: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  countsGeneration: true,
  unconditionalUpdate: false,
  hasStatus: true,
  subresources: [subresource('status', 'CustomResourceDefinition', ['get', 'patch', 'update'])],
  prepareCreate: (object) => {
    const { versions = [] } = typed<Partial<CustomResourceDefinition>>(object).spec ?? {}
    const stored = versions.filter(({ storage }) => storage).map(({ name }) => name)
    object['status'] = {
      acceptedNames: { kind: '', plural: '' },
      conditions: [],
      storedVersions: stored,
    }
  },
  validateCreate: definitionErrors,
  validateUpdate: (object, old) => [...definitionErrors(object), ...fixedErrors(object, old)],
  columns: [nameColumn, column('Created At', 'date', 'When it was created.')],
  row: (object) => [nameOf(object), object.metadata.creationTimestamp ?? ''],
})

function specOf(object: AnyObject): Partial<CustomResourceDefinitionSpec> {
  return typed<Partial<CustomResourceDefinition>>(object).spec ?? {}
}

function definitionErrors(object: AnyObject): FieldError[] {
  const spec = specOf(object)
  const { group = '', scope = '', names, versions = [], conversion } = spec
  const errors: FieldError[] = []
  const expected = `${names?.plural ?? ''}.${group}`
  if (object.metadata.name !== expected)
    errors.push(
      invalid(
        'metadata.name',
        object.metadata.name ?? '',
        'must be spec.names.plural+"."+spec.group',
      ),
    )
  if (group !== '') {
    errors.push(...invalids('spec.group', group, dns1123SubdomainProblems(group)))
    if (!group.includes('.'))
      errors.push(invalid('spec.group', group, 'should be a domain with at least one dot'))
  }
  if (scope !== '' && scope !== 'Cluster' && scope !== 'Namespaced')
    errors.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']))
  if (spec.preserveUnknownFields)
    errors.push(
      invalid(
        'spec.preserveUnknownFields',
        true,
        'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ),
    )
  if (names) errors.push(...namesErrors(names, 'spec.names'))
  errors.push(...versionErrors(versions))
  if (conversion?.strategy === 'Webhook')
    errors.push(
      ...(conversion.webhook?.clientConfig
        ? clientConfigErrors(
            conversion.webhook.clientConfig,
            'spec.conversion.webhook.clientConfig',
          )
        : [
            required(
              'spec.conversion.webhook.clientConfig',
              'required when strategy is set to Webhook',
            ),
          ]),
    )
  return errors
}

function namesErrors(names: CustomResourceDefinitionNames, path: string): FieldError[] {
  const { plural = '', singular = '', kind = '', listKind = '', shortNames = [] } = names
  const lower = { plural, singular, kind: kind.toLowerCase(), listKind: listKind.toLowerCase() }
  const errors = Object.entries(lower).flatMap(([field, name]) =>
    name === '' ? [] : invalids(`${path}.${field}`, name, dns1035LabelProblems(name)),
  )
  for (const [index, name] of shortNames.entries())
    errors.push(...invalids(`${path}.shortNames[${index}]`, name, dns1035LabelProblems(name)))
  for (const [index, name] of (names.categories ?? []).entries())
    errors.push(...invalids(`${path}.categories[${index}]`, name, dns1035LabelProblems(name)))
  if (kind !== '' && kind === listKind)
    errors.push(invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same'))
  return errors
}

function versionErrors(versions: CustomResourceDefinitionSpec['versions']): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, { name = '', schema, deprecated, deprecationWarning }] of versions.entries()) {
    const at = `spec.versions[${index}]`
    if (name !== '') errors.push(...invalids(`${at}.name`, name, dns1035LabelProblems(name)))
    if (seen.has(name)) errors.push(duplicate(`${at}.name`, name))
    seen.add(name)
    if (!schema?.openAPIV3Schema)
      errors.push(required(`${at}.schema.openAPIV3Schema`, 'schemas are required'))
    if (deprecationWarning !== undefined && !deprecated)
      errors.push(
        invalid(
          `${at}.deprecationWarning`,
          deprecationWarning,
          'can only be set for deprecated versions',
        ),
      )
  }
  const stored = versions.filter(({ storage }) => storage)
  if (versions.length > 0 && stored.length !== 1)
    errors.push(
      invalid('spec.versions', versions, 'must have exactly one version marked as storage version'),
    )
  return errors
}

/** Names that stored objects and their paths are made of stay as they are once they are established. */
function fixedErrors(object: AnyObject, old: AnyObject): FieldError[] {
  const now = specOf(object)
  const before = specOf(old)
  const { conditions = [] } = typed<Partial<CustomResourceDefinition>>(old).status ?? {}
  const established = conditions.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  )
  return [
    ...immutable('spec.group', now.group, before.group),
    ...immutable('spec.names.plural', now.names?.plural, before.names?.plural),
    ...(established
      ? [
          ...immutable('spec.scope', now.scope, before.scope),
          ...immutable('spec.names.kind', now.names?.kind, before.names?.kind),
        ]
      : []),
  ]
}
