import type { Container, PodSpec, Volume } from '../types.ts'
import { procMount } from './baseline.ts'
import {
  allContainers,
  type Check,
  type CheckPod,
  containersText,
  hasUserNamespace,
  offenders,
  type PodToCheck,
  plural,
  quoted,
  unless,
  type Violation,
  valuesText,
} from './checks.ts'

const isWindows = (spec: PodSpec) => spec.os?.name === 'windows'

/** As it began, and from v1.25 on without pods for Windows. */
const butWindows = (since: number, check: CheckPod): Check['since'] =>
  new Map([
    [since, check],
    [25, unless(isWindows, check)],
  ])

/** As it began, and from v1.35 on without pods that have users of their own. */
const butUserNamespaces = (since: number, check: CheckPod): Check['since'] =>
  new Map([
    [since, check],
    [35, unless(hasUserNamespace, check)],
  ])

/** Level restricted, which comes on top of baseline (pod-security-admission/policy/check_*.go). */
export const restrictedChecks: readonly Check[] = [
  { id: 'allowPrivilegeEscalation', since: butWindows(8, privilegeEscalation) },
  {
    id: 'capabilities_restricted',
    since: butWindows(22, capabilities),
    overrides: ['capabilities_baseline'],
  },
  { id: 'procMount_restricted', since: new Map([[35, procMount]]), overrides: ['procMount'] },
  { id: 'restrictedVolumes', since: new Map([[0, volumes]]), overrides: ['hostPathVolumes'] },
  { id: 'runAsNonRoot', since: butUserNamespaces(0, runAsNonRoot) },
  { id: 'runAsUser', since: butUserNamespaces(23, runAsUser) },
  {
    id: 'seccompProfile_restricted',
    since: butWindows(19, seccomp),
    overrides: ['seccompProfile_baseline'],
  },
]

function privilegeEscalation({ spec }: PodToCheck): Violation | undefined {
  const names = offenders(
    spec,
    ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
  )
  if (names.length === 0) return undefined
  return {
    what: 'allowPrivilegeEscalation != false',
    where: `${containersText(names)} must set securityContext.allowPrivilegeEscalation=false`,
  }
}

function capabilities({ spec }: PodToCheck): Violation | undefined {
  const addedBadly = ({ securityContext }: Container) =>
    (securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE')
  const notDropping = offenders(
    spec,
    ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'),
  )
  const adding = offenders(spec, (container) => addedBadly(container).length > 0)
  const facts: string[] = []
  if (notDropping.length > 0)
    facts.push(`${containersText(notDropping)} must set securityContext.capabilities.drop=["ALL"]`)
  if (adding.length > 0)
    facts.push(
      `${containersText(adding)} must not include ` +
        `${valuesText(allContainers(spec).flatMap(addedBadly))} in securityContext.capabilities.add`,
    )
  return facts.length === 0
    ? undefined
    : { what: 'unrestricted capabilities', where: facts.join('; ') }
}

const allowedVolumes: readonly (keyof Volume)[] = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

function volumes({ spec }: PodToCheck): Violation | undefined {
  const bad = (spec.volumes ?? []).filter(
    (volume) => !allowedVolumes.some((kind) => volume[kind] !== undefined),
  )
  if (bad.length === 0) return undefined
  const names = bad.map(({ name }) => name)
  const kinds = bad.map(
    (volume) =>
      Object.keys(volume).find((key) => key !== 'name' && volume[key as keyof Volume]) ?? 'unknown',
  )
  return {
    what: 'restricted volume types',
    where: `${plural('volume', names)} ${quoted(names)} ${names.length === 1 ? 'uses' : 'use'} restricted volume ${plural('type', [...new Set(kinds)])} ${valuesText(kinds)}`,
  }
}

function runAsNonRoot({ spec }: PodToCheck): Violation | undefined {
  const pod = spec.securityContext?.runAsNonRoot
  const setters: string[] = pod === false ? ['pod'] : []
  const own = (container: Container) => container.securityContext?.runAsNonRoot
  const wrong = offenders(spec, (container) => own(container) === false)
  const silent = pod ? [] : offenders(spec, (container) => own(container) === undefined)
  if (wrong.length > 0) setters.push(containersText(wrong))
  if (setters.length > 0)
    return {
      what: 'runAsNonRoot != true',
      where: `${setters.join(' and ')} must not set securityContext.runAsNonRoot=false`,
    }
  if (silent.length === 0) return undefined
  return {
    what: 'runAsNonRoot != true',
    where: `pod or ${containersText(silent)} must set securityContext.runAsNonRoot=true`,
  }
}

function runAsUser({ spec }: PodToCheck): Violation | undefined {
  const setters: string[] = spec.securityContext?.runAsUser === 0 ? ['pod'] : []
  const names = offenders(spec, ({ securityContext }) => securityContext?.runAsUser === 0)
  if (names.length > 0) setters.push(containersText(names))
  if (setters.length === 0) return undefined
  return { what: 'runAsUser=0', where: `${setters.join(' and ')} must not set runAsUser=0` }
}

const fine: ReadonlySet<string> = new Set(['RuntimeDefault', 'Localhost'])

function seccomp({ spec }: PodToCheck): Violation | undefined {
  const pod = spec.securityContext?.seccompProfile?.type
  const own = (container: Container) => container.securityContext?.seccompProfile?.type
  const setters: string[] = pod !== undefined && !fine.has(pod) ? ['pod'] : []
  const wrong = offenders(spec, (container) => {
    const type = own(container)
    return type !== undefined && !fine.has(type)
  })
  if (wrong.length > 0) setters.push(containersText(wrong))
  if (setters.length > 0) {
    const types = [pod, ...allContainers(spec).map(own)].filter(
      (type) => type !== undefined && !fine.has(type),
    )
    return {
      what: 'seccompProfile',
      where: `${setters.join(' and ')} must not set securityContext.seccompProfile.type to ${valuesText(types as string[])}`,
    }
  }
  if (pod !== undefined) return undefined
  const silent = offenders(spec, (container) => own(container) === undefined)
  if (silent.length === 0) return undefined
  return {
    what: 'seccompProfile',
    where: `pod or ${containersText(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  }
}
