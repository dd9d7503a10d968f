import type { Labels } from '../selector.ts'

/** Levels of the Pod Security Standards (pod-security-admission/api). */
export type PodSecurityLevel = 'privileged' | 'baseline' | 'restricted'

export interface LevelVersion {
  readonly level: PodSecurityLevel
  /** `latest`, or `v1.31`. */
  readonly version: string
}

export interface PodSecurityPolicy {
  readonly enforce: LevelVersion
  readonly audit: LevelVersion
  readonly warn: LevelVersion
}

const prefix = 'pod-security.kubernetes.io/'
const levels: readonly string[] = ['privileged', 'baseline', 'restricted']
const open: LevelVersion = { level: 'privileged', version: 'latest' }

/** What a namespace's labels ask for; what they do not say, or say wrongly, is no restriction. */
export function podSecurityPolicy(labels: Labels): PodSecurityPolicy {
  const enforce = levelOf(labels, 'enforce') ?? open
  const own = levelOf(labels, 'warn')
  return {
    enforce,
    audit: levelOf(labels, 'audit') ?? open,
    // A namespace that only enforces tells the makers of workloads too.
    warn: own ?? enforce,
  }
}

function levelOf(labels: Labels, mode: string): LevelVersion | undefined {
  const level = labels?.[prefix + mode]
  if (level === undefined) return undefined
  if (!levels.includes(level)) return { level: 'restricted', version: 'latest' }
  const version = labels?.[`${prefix}${mode}-version`] ?? 'latest'
  return { level: level as PodSecurityLevel, version: isVersion(version) ? version : 'latest' }
}

function isVersion(text: string): boolean {
  return text === 'latest' || /^v1\.([0-9]|[1-9]\d+)$/.test(text)
}

/** What is wrong with the labels, as field and value; Kubernetes refuses such namespaces. */
export function podSecurityLabelErrors(
  labels: Labels,
): { label: string; value: string; why: string }[] {
  const errors: { label: string; value: string; why: string }[] = []
  for (const mode of ['enforce', 'audit', 'warn']) {
    const level = labels?.[prefix + mode]
    if (level !== undefined && !levels.includes(level))
      errors.push({
        label: prefix + mode,
        value: level,
        why: 'must be one of privileged, baseline, restricted',
      })
    const version = labels?.[`${prefix}${mode}-version`]
    if (version !== undefined && !isVersion(version))
      errors.push({
        label: `${prefix}${mode}-version`,
        value: version,
        why: 'must be "latest" or "v1.x"',
      })
  }
  return errors
}

/** `restricted:latest`, as messages name it. */
export function levelText({ level, version }: LevelVersion): string {
  return `${level}:${version}`
}
