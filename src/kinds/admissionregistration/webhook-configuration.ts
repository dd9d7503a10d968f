import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../types.ts'
import { duplicate, invalid, invalids, notSupported, required } from '../validation/field-error.ts'
import { dns1123SubdomainProblems } from '../validation/names.ts'
import { validateLabelSelector } from '../validation/validate-selector.ts'
import { conditionErrors, ruleErrors } from './validate-rules.ts'
import { clientConfigErrors } from './validate-webhook-client.ts'

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration
type Webhook = MutatingWebhook | ValidatingWebhook

const timeoutSecondsMax = 30

const shared = {
  group: 'admissionregistration.k8s.io',
  categories: ['api-extensions'],
  namespaced: false,
  countsGeneration: true,
  generationFields: ['webhooks'],
  unconditionalUpdate: false,
  validateCreate: configurationErrors,
  validateUpdate: configurationErrors,
  columns: [nameColumn, column('Webhooks', 'integer', 'How many webhooks it lists.'), ageColumn],
  row: (object: AnyObject, nowMs: number) => [
    nameOf(object),
    webhooksOf(object).length,
    age(object, nowMs),
  ],
}

/** k8s.io/kubernetes pkg/apis/admissionregistration/validation/validation.go */
export const mutatingWebhookConfiguration = defineKind({
  ...shared,
  kind: 'MutatingWebhookConfiguration',
  resource: 'mutatingwebhookconfigurations',
  singular: 'mutatingwebhookconfiguration',
  definition: 'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration',
})

export const validatingWebhookConfiguration = defineKind({
  ...shared,
  kind: 'ValidatingWebhookConfiguration',
  resource: 'validatingwebhookconfigurations',
  singular: 'validatingwebhookconfiguration',
  definition: 'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration',
})

function webhooksOf(object: AnyObject): readonly Webhook[] {
  return typed<Configuration>(object).webhooks ?? []
}

function configurationErrors(object: AnyObject): FieldError[] {
  const seen = new Set<string>()
  return webhooksOf(object).flatMap((webhook, index) => {
    const path = `webhooks[${index}]`
    const errors = webhookErrors(webhook, path)
    if (seen.has(webhook.name)) errors.push(duplicate(`${path}.name`, webhook.name))
    seen.add(webhook.name)
    return errors
  })
}

function webhookErrors(webhook: Webhook, path: string): FieldError[] {
  const { name = '', sideEffects = '', timeoutSeconds, admissionReviewVersions = [] } = webhook
  const errors = domainErrors(name, `${path}.name`)
  for (const [index, rule] of (webhook.rules ?? []).entries())
    errors.push(...ruleErrors(rule, `${path}.rules[${index}]`))
  if (sideEffects !== '' && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun')
    errors.push(notSupported(`${path}.sideEffects`, sideEffects, ['None', 'NoneOnDryRun']))
  if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > timeoutSecondsMax))
    errors.push(
      invalid(
        `${path}.timeoutSeconds`,
        timeoutSeconds,
        'the timeout value must be between 1 and 30 seconds',
      ),
    )
  if (!admissionReviewVersions.includes('v1') && !admissionReviewVersions.includes('v1beta1'))
    errors.push(
      admissionReviewVersions.length === 0
        ? required(`${path}.admissionReviewVersions`, 'must specify one of v1, v1beta1')
        : invalid(
            `${path}.admissionReviewVersions`,
            admissionReviewVersions,
            'must include at least one of v1, v1beta1',
          ),
    )
  return [
    ...errors,
    ...validateLabelSelector(webhook.namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(webhook.objectSelector, `${path}.objectSelector`),
    ...clientConfigErrors(webhook.clientConfig, `${path}.clientConfig`),
    ...conditionErrors(webhook.matchConditions, `${path}.matchConditions`, true),
  ]
}

/** The name of a webhook is a domain of three parts or more. */
function domainErrors(name: string, path: string): FieldError[] {
  if (name === '') return []
  if (name.split('.').length < 3)
    return [
      invalid(path, name, 'should be a domain with at least three segments separated by dots'),
    ]
  return invalids(path, name, dns1123SubdomainProblems(name))
}
