import { column, defineKind, keepStatus, nameColumn, subresource } from '../define-kind.ts'
import { typed } from '../kind.ts'
import { nameOf } from '../print.ts'
import { same } from '../validation/field-error.ts'
import { type CustomDefinition, cleanupFinalizer } from './definition-spec.ts'
import {
  approvalErrors,
  validateDefinition,
  validateDefinitionUpdate,
} from './validate-definition.ts'

/** apiextensions-apiserver pkg/registry/customresourcedefinition/strategy.go */
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
  // Rules are told of where all versions share them.
  judgedByItself: /\.x-kubernetes-validations\[\d+\]\.(?:rule|reason)$/,
  hasStatus: true,
  statusKeeps: 'all',
  anyFinalizer: true,
  deletionFinalizers: [cleanupFinalizer],
  subresources: [subresource('status', 'CustomResourceDefinition', ['get', 'patch', 'update'])],
  prepareCreate: (object) => {
    const definition = typed<CustomDefinition>(object)
    completeNames(definition)
    definition.status = {
      acceptedNames: { kind: '', plural: '' },
      conditions: [],
      storedVersions: storageVersions(definition),
    }
  },
  prepareUpdate: (object, old) => {
    keepStatus(object, old)
    const definition = typed<CustomDefinition>(object)
    completeNames(definition)
    const stored = definition.status?.storedVersions ?? []
    const added = storageVersions(definition).filter((version) => !stored.includes(version))
    if (added.length > 0)
      definition.status = { ...definition.status, storedVersions: [...stored, ...added] }
  },
  validateCreate: (object) => validateDefinition(typed<CustomDefinition>(object)),
  // A large schema takes tens of milliseconds: one that did not change (finalizers and labels did) was
  // valid when it came.
  validateUpdate: (object, old) =>
    same(object['spec'], old['spec'])
      ? approvalErrors(typed<CustomDefinition>(object), typed<CustomDefinition>(old))
      : [
          ...validateDefinition(typed<CustomDefinition>(object), typed<CustomDefinition>(old)),
          ...validateDefinitionUpdate(
            typed<CustomDefinition>(object),
            typed<CustomDefinition>(old),
          ),
        ],
  columns: [nameColumn, column('Created At', 'date', 'When it was created.')],
  row: (object) => [nameOf(object), object.metadata.creationTimestamp ?? ''],
})

/** Names that follow from the kind (apiextensions/v1 defaults.go). */
function completeNames({ spec }: CustomDefinition): void {
  const { kind } = spec.names ?? {}
  if (!kind) return
  spec.names.singular ||= kind.toLowerCase()
  spec.names.listKind ||= `${kind}List`
}

function storageVersions({ spec }: CustomDefinition): string[] {
  return (spec.versions ?? []).filter(({ storage }) => storage).map(({ name }) => name)
}
