import type { FieldError } from '../kind.ts'
import { type Definition, definition, type Field, type ValueType } from '../schema.ts'
import { notSupported, required } from './field-error.ts'
import { breaches, rulesOf } from './field-rules.ts'

/**
 * What the table itself demands: required fields and enums. Numbers are left to the rules of their
 * kind, which name ranges. Fields that Kubernetes calls required but takes empty stand below.
 */
const emptyAllowed: ReadonlySet<string> = new Set([
  'EndpointSlice.endpoints',
  'EndpointSlice.addressType',
  'Event.metadata',
  'Event.involvedObject',
  'HTTPHeader.value',
  'Sysctl.value',
  'DeploymentSpec.template',
  'Endpoint.addresses',
  'TopologySpreadConstraint.topologyKey',
  'NodeSelector.nodeSelectorTerms',
  'NodeSelectorRequirement.operator',
  'LabelSelectorRequirement.operator',
  'TCPSocketAction.port',
  'HTTPGetAction.port',
  'APIServiceSpec.groupPriorityMinimum',
  'APIServiceSpec.versionPriority',
  'CSINodeSpec.drivers',
  'ControllerRevision.revision',
  'CoreV1EndpointPort.port',
  'CronJobSpec.jobTemplate',
  'CustomResourceColumnDefinition.jsonPath',
  'CustomResourceColumnDefinition.name',
  'CustomResourceColumnDefinition.type',
  'CustomResourceDefinitionNames.kind',
  'CustomResourceDefinitionNames.plural',
  'CustomResourceDefinitionSpec.group',
  'CustomResourceDefinitionSpec.names',
  'CustomResourceDefinitionSpec.scope',
  'CustomResourceDefinitionSpec.versions',
  'CustomResourceDefinitionVersion.name',
  'CustomResourceDefinitionVersion.served',
  'CustomResourceDefinitionVersion.storage',
  'CustomResourceSubresourceScale.specReplicasPath',
  'CustomResourceSubresourceScale.statusReplicasPath',
  'DaemonSetSpec.template',
  'HTTPIngressPath.backend',
  'HorizontalPodAutoscalerSpec.maxReplicas',
  'ISCSIPersistentVolumeSource.lun',
  'JobSpec.template',
  'LimitRangeSpec.limits',
  'MutatingWebhook.admissionReviewVersions',
  'MutatingWebhook.clientConfig',
  'PolicyRule.verbs',
  'PriorityClass.value',
  'ResourcePool.generation',
  'StatefulSetSpec.template',
  'StorageV1TokenRequest.audience',
  'ValidatingWebhook.admissionReviewVersions',
  'ValidatingWebhook.clientConfig',
  'SelectableField.jsonPath',
  'ValidationRule.rule',
  'RoleRef.kind',
  'RoleRef.name',
  'Subject.kind',
  'Subject.name',
])

/** Checks `value`, found at `path`, and all below it. */
export function validateSchema(schema: Definition, value: unknown, path: string): FieldError[] {
  const errors: FieldError[] = []
  checkObject(schema, value as Record<string, unknown>, path, errors)
  return errors
}

function checkObject(
  schema: Definition,
  value: Readonly<Record<string, unknown>>,
  path: string,
  errors: FieldError[],
): void {
  const rules = rulesOf(schema)
  for (const field of schema.fields) {
    const found = value[field.name]
    const rule = rules.get(field)
    if (found === undefined && !field.required && !rule) continue
    const at = path === '' ? field.name : `${path}.${field.name}`
    const isNeeded =
      rule?.required || (field.required && !emptyAllowed.has(`${schema.typeName}.${field.name}`))
    if (isNeeded && isMissing(field, found)) errors.push(required(at))
    else if (found !== undefined) {
      checkValue(field, field.type, found, at, errors)
      if (rule) errors.push(...breaches(rule, found, at))
    } else if (rule?.judgesEmpty && !field.pointer && !rule.each)
      errors.push(...breaches(rule, '', at))
  }
}

function checkValue(
  field: Field,
  type: ValueType,
  value: unknown,
  path: string,
  errors: FieldError[],
): void {
  if (type.is === 'object')
    checkObject(definition(type.definition), value as Record<string, unknown>, path, errors)
  else if (type.is === 'list')
    for (const [index, item] of (value as unknown[]).entries())
      checkValue(field, type.of, item, `${path}[${index}]`, errors)
  else if (type.is === 'map') {
    if (type.of.is !== 'scalar')
      for (const [key, item] of Object.entries(value as object))
        checkValue(field, type.of, item, `${path}[${key}]`, errors)
  } else if (field.enum && !field.enum.includes(value as string) && (value !== '' || field.pointer))
    errors.push(notSupported(path, value, field.enum))
}

function isMissing(field: Field, value: unknown): boolean {
  if (value === undefined || value === '') return true
  if (typeof value === 'number') return false
  return field.type.is === 'list' && (value as unknown[]).length === 0
}
