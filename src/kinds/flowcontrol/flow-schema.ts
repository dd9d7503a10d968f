import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import { typedConditions } from '../status/counts.ts'
import type {
  FlowcontrolV1Subject,
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
} from '../types.ts'
import { forbidden, invalid, invalids, notSupported, required } from '../validation/field-error.ts'
import { dns1123SubdomainProblems } from '../validation/names.ts'

const precedenceMax = 10_000

/** k8s.io/kubernetes pkg/apis/flowcontrol/validation/validation.go: ValidateFlowSchema */
export const flowSchema = defineKind({
  group: 'flowcontrol.apiserver.k8s.io',
  kind: 'FlowSchema',
  resource: 'flowschemas',
  singular: 'flowschema',
  namespaced: false,
  definition: 'io.k8s.api.flowcontrol.v1.FlowSchema',
  hasStatus: true,
  statusKeeps: 'all',
  countsGeneration: true,
  subresources: [subresource('status', 'FlowSchema', ['get', 'patch', 'update'])],
  validateCreate: specErrors,
  validateUpdate: specErrors,
  validateStatusUpdate: typedConditions,
  columns: [
    nameColumn,
    column('PriorityLevel', 'string', 'Where its requests go.'),
    column('MatchingPrecedence', 'string', 'Schemas with a smaller number are asked first.'),
    column('DistinguisherMethod', 'string', 'What tells its flows apart.'),
    ageColumn,
    column('MissingPL', 'string', 'Whether its priority level is missing.'),
  ],
  row: (object, nowMs) => {
    const { spec, status } = typed<FlowSchema>(object)
    const dangling = status?.conditions?.find(({ type }) => type === 'Dangling')
    return [
      nameOf(object),
      spec?.priorityLevelConfiguration?.name ?? '',
      spec?.matchingPrecedence ?? 0,
      spec?.distinguisherMethod?.type ?? '<none>',
      age(object, nowMs),
      dangling?.status ?? '?',
    ]
  },
})

function specErrors(object: AnyObject): FieldError[] {
  const { spec } = typed<FlowSchema>(object)
  const { matchingPrecedence = 0, priorityLevelConfiguration, rules = [] } = spec ?? {}
  const errors: FieldError[] = []
  if (matchingPrecedence <= 0)
    errors.push(invalid('spec.matchingPrecedence', matchingPrecedence, 'must be a positive value'))
  if (matchingPrecedence > precedenceMax)
    errors.push(
      invalid(
        'spec.matchingPrecedence',
        matchingPrecedence,
        `must not be greater than ${precedenceMax}`,
      ),
    )
  if (matchingPrecedence === 1 && object.metadata.name !== 'exempt')
    errors.push(
      invalid(
        'spec.matchingPrecedence',
        1,
        "only the schema named 'exempt' may have matchingPrecedence 1",
      ),
    )
  const level = priorityLevelConfiguration?.name ?? ''
  if (level !== '')
    errors.push(
      ...invalids('spec.priorityLevelConfiguration.name', level, dns1123SubdomainProblems(level)),
    )
  for (const [index, rule] of rules.entries())
    errors.push(...ruleErrors(rule, `spec.rules[${index}]`))
  return errors
}

function ruleErrors(rule: PolicyRulesWithSubjects, path: string): FieldError[] {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rule
  const errors: FieldError[] = []
  for (const [index, subject] of subjects.entries())
    errors.push(...subjectErrors(subject, `${path}.subjects[${index}]`))
  if (resourceRules.length + nonResourceRules.length === 0)
    errors.push(
      required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'),
    )
  for (const [index, one] of resourceRules.entries())
    errors.push(...resourceRuleErrors(one, `${path}.resourceRules[${index}]`))
  for (const [index, one] of nonResourceRules.entries())
    errors.push(...pathRuleErrors(one, `${path}.nonResourceRules[${index}]`))
  return errors
}

const subjectFields = { Group: 'group', ServiceAccount: 'serviceAccount', User: 'user' } as const

/** One field of the three, that which the kind names. */
function subjectErrors(subject: FlowcontrolV1Subject, path: string): FieldError[] {
  const wanted = Object.hasOwn(subjectFields, subject.kind)
    ? subjectFields[subject.kind as keyof typeof subjectFields]
    : undefined
  if (wanted === undefined)
    return [notSupported(`${path}.kind`, subject.kind ?? '', Object.keys(subjectFields).sort())]
  return Object.values(subjectFields).flatMap((field) => {
    const at = `${path}.${field}`
    if (field === wanted)
      return subject[field]
        ? []
        : [required(at, `${field} is required when subject kind is '${subject.kind}'`)]
    return subject[field]
      ? [forbidden(at, `${field} is forbidden when subject kind is not '${kindOfField(field)}'`)]
      : []
  })
}

function kindOfField(field: string): string {
  return Object.entries(subjectFields).find(([, name]) => name === field)?.[0] ?? ''
}

function resourceRuleErrors(rule: ResourcePolicyRule, path: string): FieldError[] {
  const errors = (['verbs', 'apiGroups', 'resources'] as const).flatMap((field) =>
    wildcardErrors(rule[field] ?? [], `${path}.${field}`),
  )
  const { namespaces = [], clusterScope = false } = rule
  if (namespaces.length === 0 && !clusterScope)
    errors.push(
      required(
        `${path}.namespaces`,
        'resource rules that are not cluster scoped must supply at least one namespace',
      ),
    )
  if (namespaces.length > 1 && namespaces.includes('*'))
    errors.push(
      invalid(
        `${path}.namespaces`,
        namespaces,
        "if '*' is present, must not specify other namespaces",
      ),
    )
  return errors
}

function pathRuleErrors(rule: NonResourcePolicyRule, path: string): FieldError[] {
  const { verbs = [], nonResourceURLs = [] } = rule
  const errors = [
    ...wildcardErrors(verbs, `${path}.verbs`),
    ...wildcardErrors(nonResourceURLs, `${path}.nonResourceURLs`),
  ]
  for (const [index, url] of nonResourceURLs.entries())
    if (url !== '*' && !url.startsWith('/'))
      errors.push(invalid(`${path}.nonResourceURLs[${index}]`, url, "must start with a '/'"))
  return errors
}

const requestVerbs: readonly string[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'proxy',
  'update',
  'watch',
]

function wildcardErrors(values: readonly string[], path: string): FieldError[] {
  const name = path.slice(path.lastIndexOf('.') + 1)
  if (values.length === 0) return []
  if (values.length > 1 && values.includes('*'))
    return [invalid(path, values, `if '*' is present, must not specify other ${name}`)]
  if (name === 'verbs' && !values.every((verb) => verb === '*' || requestVerbs.includes(verb)))
    return [notSupported(path, values, requestVerbs)]
  return []
}
