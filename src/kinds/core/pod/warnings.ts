import type { AnyObject, KindWarnings } from '../../kind.ts'
import type { ObjectMeta, PodSpec, PodTemplateSpec } from '../../types.ts'
import { dns1123LabelProblems } from '../../validation/names.ts'
import { containerWarnings, portWarnings } from './container-warnings.ts'
import { deprecatedLabel, placementWarnings } from './placement-warnings.ts'

/**
 * What is taken and works, though hardly as its author thinks (k8s.io/kubernetes pkg/api/pod/warnings.go).
 * Nobody is warned again when a pod changes: that is what kubelets do all the time.
 */
export const podWarnings: KindWarnings = (pod, old) => {
  if (old) return []
  const spec = pod['spec'] as PodSpec | undefined
  return [
    ...labelAdvice(pod, "this is used in the Pod's hostname"),
    ...(spec ? specWarnings(spec, pod.metadata, '') : []),
  ]
}

/** The same of the template of a workload, each time that its spec changes. */
export function templateWarnings(path: string, namesPods: boolean): KindWarnings {
  const names = path.split('.')
  return (workload, old) => {
    if (old && old.metadata.generation === workload.metadata.generation) return []
    const template = names.reduce<unknown>(
      (value, name) => (value as Record<string, unknown> | undefined)?.[name],
      workload,
    ) as PodTemplateSpec | undefined
    return [
      ...(namesPods && !old
        ? labelAdvice(workload, 'this is used in Pod names and hostnames')
        : []),
      ...(template?.spec ? specWarnings(template.spec, template.metadata, `${path}.`) : []),
    ]
  }
}

function labelAdvice({ metadata }: AnyObject, use: string): string[] {
  const problems = dns1123LabelProblems(metadata.name ?? '')
  if (problems.length === 0) return []
  const effect = 'which can result in surprising behavior; a DNS label is recommended'
  return [`metadata.name: ${use}, ${effect}: [${problems.join(' ')}]`]
}

function specWarnings(spec: PodSpec, meta: ObjectMeta | undefined, path: string): string[] {
  const grace = spec.terminationGracePeriodSeconds
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap((label) =>
      deprecatedLabel(label, (what) => `${path}spec.nodeSelector[${label}]: ${what}`),
    ),
    ...annotationWarnings(spec, meta?.annotations ?? {}, path),
    ...volumeWarnings(spec, `${path}spec.volumes`),
    ...repeated(spec.hostAliases, ({ ip }) => ip, `${path}spec.hostAliases`, 'ip'),
    ...repeated(spec.imagePullSecrets, ({ name }) => name, `${path}spec.imagePullSecrets`, 'name'),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, index) =>
      name ? [] : [`${path}spec.imagePullSecrets[${index}].name: invalid empty name ""`],
    ),
    ...containerWarnings(spec, `${path}spec`),
    ...portWarnings(spec, `${path}spec`),
    ...(grace !== undefined && grace < 0
      ? [
          `${path}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
        ]
      : []),
    ...placementWarnings(spec, `${path}spec`),
  ]
}

const retiredAnnotations = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'v1.16', 'priorityClassName'],
  ['security.alpha.kubernetes.io/sysctls', 'v1.11', 'sysctls'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'v1.11', 'sysctls'],
] as const
const podSeccomp = 'seccomp.security.alpha.kubernetes.io/pod'
const containerSeccomp = 'container.seccomp.security.alpha.kubernetes.io/'
const containerAppArmor = 'container.apparmor.security.beta.kubernetes.io/'

function annotationWarnings(
  { securityContext, initContainers = [], containers }: PodSpec,
  annotations: Readonly<Record<string, string>>,
  path: string,
): string[] {
  const found: string[] = []
  const warn = (key: string, what: string, field: string) => {
    if (Object.hasOwn(annotations, key))
      found.push(`${path}metadata.annotations[${key}]: ${what}; use the "${field}" field instead`)
  }
  for (const [key, version, field] of retiredAnnotations)
    warn(key, `non-functional in ${version}+`, field)
  if (!securityContext?.seccompProfile)
    warn(podSeccomp, 'non-functional in v1.27+', 'seccompProfile')
  for (const { name, securityContext: own } of [...initContainers, ...containers]) {
    if (!own?.seccompProfile)
      warn(`${containerSeccomp}${name}`, 'non-functional in v1.27+', 'seccompProfile')
    if (!own?.appArmorProfile && !securityContext?.appArmorProfile)
      warn(`${containerAppArmor}${name}`, 'deprecated since v1.30', 'appArmorProfile')
  }
  return found
}

/** Kinds of volumes that nothing mounts any more: the field, its name in the warning, what became of it. */
const retiredVolumes = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const

function volumeWarnings({ volumes = [] }: PodSpec, path: string): string[] {
  return volumes.flatMap((volume, index) =>
    retiredVolumes.flatMap(([field, shown, what]) =>
      volume[field] ? [`${path}[${index}].${shown}: ${what}`] : [],
    ),
  )
}

function repeated<T>(
  items: readonly T[] | undefined,
  keyOf: (item: T) => string | undefined,
  path: string,
  field: string,
): string[] {
  const seen = new Set<string>()
  return (items ?? []).flatMap((item, index) => {
    const value = keyOf(item) ?? ''
    if (seen.has(value)) return [`${path}[${index}].${field}: duplicate ${field} "${value}"`]
    seen.add(value)
    return []
  })
}
