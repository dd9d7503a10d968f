import type { CustomDefinition, DefinitionCondition } from './definition-spec.ts'

/** Where a definition says who approved its API. */
export const approvalAnnotation = 'api-approved.kubernetes.io'

/** What is known of the approval of an API in one of the project's own groups. */
export interface Approval {
  readonly state: 'missing' | 'invalid' | 'approved' | 'bypassed'
  /** As conditions and refusals say it. */
  readonly reason: string
}

const see = 'see https://github.com/kubernetes/enhancements/pull/1111'
const must = `protected groups must have approval annotation "${approvalAnnotation}"`

/** Undefined for groups that need no approval (apiextensions-apiserver pkg/apihelpers/helpers.go). */
export function approvalOf({ spec, metadata }: CustomDefinition): Approval | undefined {
  const group = spec?.group ?? ''
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return undefined
  const given = metadata.annotations?.[approvalAnnotation] ?? ''
  if (given === '') return { state: 'missing', reason: `${must}, ${see}` }
  if (given.startsWith('unapproved'))
    return { state: 'bypassed', reason: `not approved: ${JSON.stringify(given)}` }
  if (URL.canParse(given) && new URL(given).host !== '')
    return { state: 'approved', reason: `approved in ${given}` }
  const reason = `${must} with either a URL or a reason starting with "unapproved", ${see}`
  return { state: 'invalid', reason }
}

const reasons: Readonly<Record<Approval['state'], string>> = {
  missing: 'MissingAnnotation',
  invalid: 'InvalidAnnotation',
  approved: 'ApprovedAnnotation',
  bypassed: 'UnapprovedAnnotation',
}

/** The condition of a definition in a group that needs approval (pkg/controller/apiapproval). */
export function approvalCondition(
  definition: CustomDefinition,
): Omit<DefinitionCondition, 'lastTransitionTime'> | undefined {
  const approval = approvalOf(definition)
  if (!approval) return undefined
  return {
    type: 'KubernetesAPIApprovalPolicyConformant',
    status: approval.state === 'approved' ? 'True' : 'False',
    reason: reasons[approval.state],
    message: approval.reason,
  }
}
