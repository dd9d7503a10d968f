import { present } from '../../../base/assert.ts'
import type { AnyObject, Kind } from '../../../kinds/kind.ts'
import { kindOfResource } from '../../../kinds/scheme.ts'
import { selectorOf } from '../../../kinds/selector.ts'
import type {
  LabelSelector,
  MatchResources,
  NamedRuleWithOperations,
} from '../../../kinds/types.ts'
import { otherVersions } from '../../extension/other-versions.ts'
import type { Attributes, ResourceContext } from '../../handlers/resource-context.ts'
import { objectKey } from '../../storage-keys.ts'
import { nameOf } from './attributes.ts'

/** Which requests webhooks and policies are about (apiserver pkg/admission/plugin/webhook/predicates). */

/** Nobody intercepts what decides about interception: a wrong one could never be taken back. */
const exempt: ReadonlySet<string> = new Set([
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
])

export function isExempt({ context: { kind } }: Attributes): boolean {
  return kind.group === 'admissionregistration.k8s.io' && exempt.has(kind.resource)
}

/** Groups of reviews: a policy about them could keep everybody, itself included, from being let in. */
const reviewed: ReadonlySet<string> = new Set(['authentication.k8s.io', 'authorization.k8s.io'])

/**
 * Policies are about neither themselves nor reviews, and may be about configurations of webhooks; those may
 * be about reviews (apiserver pkg/admission/plugin/policy/generic, kubeapiserver pkg/admission/exclusion).
 */
export function isExemptFromPolicies(attributes: Attributes): boolean {
  const { group, resource } = attributes.context.kind
  if (reviewed.has(group)) return resource.endsWith('reviews')
  return isExempt(attributes) && !resource.endsWith('webhookconfigurations')
}

/** What selects requests, of a webhook or of a policy. */
export interface Selection {
  /** `Exact`, or `Equivalent` (the default): rules that name another version of the resource match, too. */
  readonly matchPolicy?: string | undefined
  readonly rules: readonly NamedRuleWithOperations[]
  readonly excluded?: readonly NamedRuleWithOperations[]
  readonly namespaceSelector?: LabelSelector | undefined
  readonly objectSelector?: LabelSelector | undefined
}

export function selectionOf(match: MatchResources | undefined): Selection {
  return {
    matchPolicy: match?.matchPolicy,
    // A binding without rules takes what its policy takes.
    rules: match?.resourceRules ?? everything,
    excluded: match?.excludeResourceRules ?? [],
    namespaceSelector: match?.namespaceSelector,
    objectSelector: match?.objectSelector,
  }
}

const everything: readonly NamedRuleWithOperations[] = [
  { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*', '*/*'] },
]

/**
 * The version of the resource that the rules name, when they select the request: its own before another
 * one (apiserver pkg/admission/plugin/webhook/generic/webhook.go ShouldCallHook).
 */
export function selectedKind(selection: Selection, attributes: Attributes): Kind | undefined {
  const { rules, excluded = [], namespaceSelector, objectSelector } = selection
  const { kind } = attributes.context
  const kinds =
    selection.matchPolicy === 'Exact' ? [kind] : [kind, ...otherVersions(attributes.context)]
  const named = (by: readonly NamedRuleWithOperations[]) =>
    by.length === 0
      ? undefined
      : kinds.find((one) => by.some((rule) => ruleMatches(rule, one, attributes)))
  const found = named(rules)
  if (!found || named(excluded)) return undefined
  const isSelected =
    namespaceSelected(namespaceSelector, attributes) && objectSelected(objectSelector, attributes)
  return isSelected ? found : undefined
}

function ruleMatches(rule: NamedRuleWithOperations, kind: Kind, attributes: Attributes): boolean {
  const { info } = attributes.context
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule
  const has = (values: readonly string[], value: string) =>
    values.includes('*') || values.includes(value)
  if (!has(operations, attributes.operation)) return false
  if (!has(apiGroups, kind.group) || !has(apiVersions, kind.version)) return false
  if (rule.resourceNames && rule.resourceNames.length > 0)
    if (!rule.resourceNames.includes(nameOf(attributes))) return false
  const isNamespaced = kind.namespaced && info.namespace !== ''
  if (scope === 'Namespaced' && !isNamespaced) return false
  if (scope === 'Cluster' && isNamespaced) return false
  return resources.some((one) => resourceMatches(one, kind.resource, info.subresource))
}

/** A pattern is a resource, or one with a subresource; a star stands for any. */
function resourceMatches(pattern: string, resource: string, subresource: string): boolean {
  const [wanted = '', sub = ''] = pattern.split('/')
  if (wanted !== '*' && wanted !== resource) return false
  return sub === '*' ? true : sub === subresource
}

/** Cluster-scoped objects are selected, but for namespaces, which are judged by their own labels. */
function namespaceSelected(selector: LabelSelector | undefined, attributes: Attributes): boolean {
  const { context, object, old } = attributes
  const { kind, info } = context
  if (!selector || isEmptySelector(selector)) return true
  if (kind.group === '' && kind.resource === 'namespaces')
    return selects(selector, (object ?? old)?.metadata.labels)
  if (info.namespace === '') return true
  return selects(selector, namespaceObject(context)?.metadata.labels)
}

function objectSelected(selector: LabelSelector | undefined, { object, old }: Attributes): boolean {
  if (!selector || isEmptySelector(selector)) return true
  return [object, old].some((one) => one !== undefined && selects(selector, one.metadata.labels))
}

function isEmptySelector({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0
}

function selects(
  selector: LabelSelector,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return selectorOf(selector).matches(labels)
}

/** The namespace of the request, as this replica has it. */
export function namespaceObject({ info, options, shared }: ResourceContext): AnyObject | undefined {
  if (info.namespace === '') return undefined
  const namespaces = present(kindOfResource('', 'v1', 'namespaces'), 'kind Namespace')
  const record = options.store.view.get(objectKey(namespaces, '', info.namespace))
  return record && shared.parsed.get(record)
}
