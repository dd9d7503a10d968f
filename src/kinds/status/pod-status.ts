import type { AnyObject, FieldError } from '../kind.ts'
import type { Container, ContainerStatus, Pod, PodCondition, PodSpec, PodStatus } from '../types.ts'
import { ipProblems, isIPv4, isIPv6 } from '../validation/address.ts'
import { duplicate, forbidden, immutable, invalid, invalids } from '../validation/field-error.ts'
import { dns1123SubdomainProblems, qualifiedNameProblems } from '../validation/names.ts'

/** pkg/registry/core/pod/strategy.go, podStatusStrategy: what old kubelets leave out stays. */
export function keepOfPodStatus(object: AnyObject, old: AnyObject): void {
  const status = { ...(object as Pod).status } as PodStatus
  const before = (old as Pod).status ?? ({} as PodStatus)
  status.qosClass = status.qosClass || before.qosClass
  status.observedGeneration = status.observedGeneration || before.observedGeneration
  const generations = new Map<string, (number | undefined)[]>()
  for (const { type, observedGeneration } of before.conditions ?? [])
    generations.set(type, [...(generations.get(type) ?? []), observedGeneration])
  status.conditions = status.conditions?.map((condition) => {
    const known = generations.get(condition.type)?.shift()
    const { observedGeneration = known } = condition
    return observedGeneration ? { ...condition, observedGeneration } : condition
  })
  object['status'] = JSON.parse(JSON.stringify(status))
}

/** pkg/apis/core/validation/validation.go: ValidatePodStatusUpdate */
export function podStatusErrors(pod: Pod, old: Pod): FieldError[] {
  const status = pod.status ?? ({} as PodStatus)
  const before = old.status ?? ({} as PodStatus)
  const states = [
    ['containerStatuses', pod.spec?.containers],
    ['initContainerStatuses', pod.spec?.initContainers],
    ['ephemeralContainerStatuses', undefined],
  ] as const
  return [
    ...podConditionErrors(status.conditions ?? []),
    ...nominationErrors(pod, old),
    ...((status.observedGeneration ?? 0) < 0
      ? [notNegative('status.observedGeneration', status.observedGeneration)]
      : []),
    ...immutable('status.qosClass', status.qosClass ?? '', before.qosClass ?? ''),
    ...states.flatMap(([name, containers]) =>
      transitionErrors(status[name], before[name], `status.${name}`, old.spec, containers),
    ),
    ...claimErrors(status, pod.spec),
    ...addressesErrors('podIPs', status.podIPs ?? []),
    ...hostErrors(status),
  ]
}

function notNegative(path: string, value: unknown): FieldError {
  return invalid(path, value, 'must be a non-negative integer')
}

/** Those that the system itself sets need no look. */
const systemConditions: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized'])

function podConditionErrors(conditions: readonly Partial<PodCondition>[]): FieldError[] {
  return conditions.flatMap(({ type = '', observedGeneration = 0 }, index) => {
    const path = `status.conditions[${index}]`
    return [
      ...(observedGeneration < 0
        ? [notNegative(`${path}.observedGeneration`, observedGeneration)]
        : []),
      ...(systemConditions.has(type)
        ? []
        : invalids(`${path}.Type`, type, qualifiedNameProblems(type))),
    ]
  })
}

function nominationErrors(pod: Pod, old: Pod): FieldError[] {
  const path = 'status.nominatedNodeName'
  const name = pod.status?.nominatedNodeName ?? ''
  if (name === '' || name === (old.status?.nominatedNodeName ?? '')) return []
  const errors = invalids(path, name, dns1123SubdomainProblems(name))
  if (old.spec?.nodeName)
    errors.push(forbidden(path, 'may not be set on pods that are already bound to a node'))
  return errors
}

/** A container that ended, and is not to start again, stays so. */
function transitionErrors(
  statuses: readonly ContainerStatus[] = [],
  before: readonly ContainerStatus[] = [],
  path: string,
  spec: PodSpec | undefined,
  containers: readonly Container[] | undefined,
): FieldError[] {
  if (spec && containers && mayAllRestart(spec)) return []
  return before.flatMap((old, index) => {
    const ended = old.state?.terminated
    if (!ended) return []
    const now = statuses.find(({ name }) => name === old.name)
    if (!now || now.state?.terminated) return []
    const container = containers?.find(({ name }) => name === old.name)
    if (spec && container && mayRestart(container, spec, ended.exitCode ?? 0)) return []
    return [forbidden(`${path}[${index}].state`, 'may not be transitioned to non-terminated state')]
  })
}

function mayAllRestart({ containers = [], initContainers = [] }: Partial<PodSpec>): boolean {
  return [...initContainers, ...containers].some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  )
}

function mayRestart(
  { restartPolicy, restartPolicyRules = [] }: Container,
  spec: PodSpec,
  exitCode: number,
): boolean {
  if (restartPolicy !== undefined) {
    const rule = restartPolicyRules.find(({ exitCodes }) => {
      const isIn = (exitCodes?.values ?? []).includes(exitCode)
      return exitCodes !== undefined && isIn === (exitCodes.operator === 'In')
    })
    if (rule?.action === 'Restart') return true
  }
  const policy = restartPolicy ?? spec.restartPolicy ?? 'Always'
  return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never'
}

function claimErrors({ resourceClaimStatuses = [] }: PodStatus, spec?: PodSpec): FieldError[] {
  const wanted = new Set((spec?.resourceClaims ?? []).map(({ name }) => name))
  const seen = new Set<string>()
  return resourceClaimStatuses.flatMap(({ name, resourceClaimName }, index) => {
    const path = `status.resourceClaimStatuses[${index}]`
    const errors: FieldError[] = []
    const detail = 'must match the name of an entry in `spec.resourceClaims`'
    if (!wanted.has(name)) errors.push(invalid(`${path}.name`, name, detail))
    if (seen.has(name)) errors.push(duplicate(`${path}.name`, name))
    seen.add(name)
    if (resourceClaimName !== undefined)
      errors.push(
        ...invalids(
          `${path}.resourceClaimName`,
          resourceClaimName,
          dns1123SubdomainProblems(resourceClaimName),
        ),
      )
    return errors
  })
}

type Addresses = readonly { readonly ip?: string | undefined }[]

function addressesErrors(name: 'podIPs' | 'hostIPs', addresses: Addresses): FieldError[] {
  const path = `status.${name}`
  const texts = addresses.map(({ ip = '' }) => ip)
  const errors = texts.flatMap((ip, index) => invalids(`${path}[${index}]`, ip, ipProblems(ip)))
  if (errors.length > 0 || texts.length < 2) return errors
  if (texts.length === 2 && texts.some(isIPv4) && texts.some(isIPv6)) return []
  const shown = texts.map((IP) => ({ IP }))
  return [invalid(path, shown, 'may specify no more than one IP for each IP family')]
}

function hostErrors({ hostIP = '', hostIPs = [] }: PodStatus): FieldError[] {
  if (hostIPs.length === 0) return []
  const first = hostIPs[0]?.ip ?? ''
  const unequal =
    first === hostIP ? [] : [invalid('status.hostIPs[0].ip', first, 'must be equal to `hostIP`')]
  return [...unequal, ...addressesErrors('hostIPs', hostIPs)]
}
