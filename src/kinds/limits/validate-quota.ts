import type { FieldError } from '../kind.ts'
import { parseQuantity } from '../quantity.ts'
import type {
  ResourceQuotaSpec,
  ResourceQuotaStatus,
  ScopedResourceSelectorRequirement,
} from '../types.ts'
import { invalid, invalids, required } from '../validation/field-error.ts'
import { qualifiedNameProblems } from '../validation/names.ts'

/** k8s.io/kubernetes pkg/apis/core/validation/validation.go: ValidateResourceQuotaSpec */
export function quotaSpecErrors(spec: ResourceQuotaSpec): FieldError[] {
  return [
    ...Object.entries(spec.hard ?? {}).flatMap(([name, amount]) =>
      amountErrors(name, amount, `spec.hard[${name}]`),
    ),
    ...scopeErrors(spec),
    ...selectorErrors(spec),
  ]
}

/** ValidateResourceQuotaStatusUpdate */
export function quotaStatusErrors({ hard = {}, used = {} }: ResourceQuotaStatus): FieldError[] {
  return Object.entries({ hard, used }).flatMap(([field, amounts]) =>
    Object.entries(amounts).flatMap(([name, amount]) =>
      amountErrors(name, amount, `status.${field}[${name}]`),
    ),
  )
}

const nanosPerUnit = 1_000_000_000n
/** What is counted, not measured. */
const wholeResources: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
])
/** What the containers of pods take. */
const computeResources: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'limits.cpu',
  'limits.memory',
  'requests.cpu',
  'requests.memory',
])
const otherResources: ReadonlySet<string> = new Set([
  'ephemeral-storage',
  'limits.ephemeral-storage',
  'requests.ephemeral-storage',
  'requests.storage',
])

function amountErrors(name: string, amount: string, path: string): FieldError[] {
  const { nano } = parseQuantity(amount)
  const errors = invalids(path, name, qualifiedNameProblems(name))
  if (!name.includes('/') && !isStandard(name))
    errors.push(invalid(path, name, 'must be a standard resource for quota'))
  if (nano < 0n) errors.push(invalid(path, amount, 'must be greater than or equal to 0'))
  const whole = wholeResources.has(name) || name.startsWith('count/')
  if (whole && nano % nanosPerUnit !== 0n) errors.push(invalid(path, amount, 'must be an integer'))
  return errors
}

function isStandard(name: string): boolean {
  const known = [wholeResources, computeResources, otherResources].some((set) => set.has(name))
  return known || /^(requests\.)?hugepages-/.test(name)
}

/** Of the standard resources, those that a scope can be of (pkg/apis/core/helper/helpers.go). */
const resourcesOfScope: ReadonlyMap<string, (name: string) => boolean> = new Map([
  ['BestEffort', (name: string) => name === 'pods'],
  ['VolumeAttributesClass', isOfClaims],
  ...[
    'Terminating',
    'NotTerminating',
    'NotBestEffort',
    'PriorityClass',
    'CrossNamespacePodAffinity',
  ].map((scope) => [scope, isOfPods] as const),
])

function isOfPods(name: string): boolean {
  return name === 'pods' || computeResources.has(name)
}

function isOfClaims(name: string): boolean {
  return name === 'persistentvolumeclaims' || name === 'requests.storage'
}

function misplaced(scope: string, { hard = {} }: ResourceQuotaSpec): boolean {
  const fits = resourcesOfScope.get(scope) ?? (() => true)
  return Object.keys(hard).some((name) => isStandard(name) && !fits(name))
}

const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const

function scopeErrors(spec: ResourceQuotaSpec): FieldError[] {
  const { scopes = [] } = spec
  const wrong = (why: string) => invalid('spec.scopes', scopes, why)
  const errors: FieldError[] = []
  for (const scope of scopes) {
    if (!resourcesOfScope.has(scope)) errors.push(wrong('unsupported scope'))
    if (misplaced(scope, spec)) errors.push(wrong('unsupported scope applied to resource'))
  }
  for (const pair of opposites)
    if (pair.every((scope) => scopes.includes(scope))) errors.push(wrong('conflicting scopes'))
  return errors
}

function selectorErrors(spec: ResourceQuotaSpec): FieldError[] {
  const path = 'spec.scopeSelector.matchExpressions'
  const { matchExpressions = [] } = spec.scopeSelector ?? {}
  return matchExpressions.flatMap((one) => [
    ...(misplaced(one.scopeName, spec)
      ? [invalid(path, matchExpressions, 'unsupported scope applied to resource')]
      : []),
    ...requirementErrors(one, path),
  ])
}

/** Unknown scopes and operators are refused by the schema table. */
function requirementErrors(
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  const takesValues = scopeName === 'PriorityClass' || scopeName === 'VolumeAttributesClass'
  if (!takesValues && operator !== 'Exists')
    errors.push(invalid(`${path}.operator`, operator, onlyExists))
  const isList = operator === 'In' || operator === 'NotIn'
  if (isList && values.length === 0)
    errors.push(
      required(
        `${path}.values`,
        "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      ),
    )
  if (!isList && values.length > 0)
    errors.push(
      invalid(
        `${path}.values`,
        values,
        "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
      ),
    )
  return errors
}

const onlyExists =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, " +
  'ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ' +
  'ResourceQuotaScopeCrossNamespacePodAffinity'
