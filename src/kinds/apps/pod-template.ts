import { templateWarnings } from '../core/pod/warnings.ts'
import { validatePodTemplate } from '../core/validate-pod.ts'
import { column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { joined, labelsText, nameOf } from '../print.ts'
import type { PodTemplate } from '../types.ts'

/** k8s.io/kubernetes pkg/apis/core/validation/validation.go: ValidatePodTemplate */
export const podTemplate = defineKind({
  kind: 'PodTemplate',
  resource: 'podtemplates',
  singular: 'podtemplate',
  definition: 'io.k8s.api.core.v1.PodTemplate',
  countsGeneration: true,
  // It stays 1 (pkg/registry/core/podtemplate/strategy.go).
  generationFields: [],
  warnings: templateWarnings('template', false),
  validateCreate: templateErrors,
  validateUpdate: templateErrors,
  columns: [
    nameColumn,
    column('Containers', 'string', 'Names of its containers.'),
    column('Images', 'string', 'Images of its containers.'),
    column('Pod Labels', 'string', 'Labels of the pods.'),
  ],
  row: (object) => {
    const { template } = typed<PodTemplate>(object)
    const containers = template?.spec?.containers
    return [
      nameOf(object),
      joined(containers, 'name'),
      joined(containers, 'image'),
      labelsText(template?.metadata?.labels),
    ]
  },
})

function templateErrors(object: AnyObject): FieldError[] {
  return validatePodTemplate(typed<PodTemplate>(object).template ?? {}, 'template')
}
