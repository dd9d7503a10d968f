import type { AnyObject, Kind } from '../../kinds/kind.ts'
import type { PodToCheck } from '../../kinds/pod-security/checks.ts'
import { violationsOf, violationsText } from '../../kinds/pod-security/evaluate.ts'
import {
  type LevelVersion,
  levelText,
  podSecurityLabelErrors,
  podSecurityPolicy,
} from '../../kinds/pod-security/levels.ts'
import type { Labels } from '../../kinds/selector.ts'
import type { PodSpec } from '../../kinds/types.ts'
import type { StoreView } from '../../state/cluster-store.ts'
import { annotate } from '../context.ts'
import { forbidden, invalid } from '../errors.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { sameJson } from '../handlers/write-object.ts'
import { objectKey, prefixEnd, resourcePrefix } from '../storage-keys.ts'
import { parseObject } from '../stored-object.ts'
import type { AdmissionPlugin } from './plugin.ts'

const namespacePlace = { group: '', resource: 'namespaces', namespaced: false }
const podPlace = { group: '', resource: 'pods', namespaced: true }
/** So many of the pods that are there already are looked at when a namespace gets stricter. */
const existingPodsMax = 3_000

/** Kinds whose template becomes pods: their makers are warned, their pods are refused. */
const templates: readonly string[] = [
  'podtemplates',
  'replicationcontrollers',
  'apps/daemonsets',
  'apps/deployments',
  'apps/replicasets',
  'apps/statefulsets',
  'batch/cronjobs',
  'batch/jobs',
]

/** Pod Security Standards by labels of namespaces (pod-security-admission/admission/admission.go). */
export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  resources: ['namespaces', 'pods', ...templates],
  judge(context, object, old) {
    const { kind, info } = context
    if (!object || (info.subresource !== '' && info.subresource !== 'ephemeralcontainers')) return
    if (kind.resource === 'namespaces') judgeNamespace(context, object, old)
    else if (kind.resource === 'pods') judgePod(context, object, old)
    else warnOfTemplate(context, object, old)
  },
}

function judgePod(context: ResourceContext, pod: AnyObject, old: AnyObject | undefined): void {
  const { kind, info, options, warnings } = context
  if (old && !isSignificant(pod, old)) return
  const policy = podSecurityPolicy(labelsOf(options.store.view, info.namespace))
  const { enforce, warn } = policy
  annotate(context, `${annotationPrefix}enforce-policy`, levelText(enforce))
  noteViolation(context, policy.audit, toCheck(pod))
  const refused = violation(enforce, toCheck(pod))
  if (refused !== '')
    throw forbidden(
      kind,
      pod.metadata.generateName || (pod.metadata.name ?? ''),
      `violates PodSecurity ${refused}`,
    )
  warnOnce(warnings, warn, toCheck(pod))
}

const seccompPodKey = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/'

/** Whether a change of a pod is one that a policy may have something against: new containers or images. */
function isSignificant(pod: AnyObject, old: AnyObject): boolean {
  const [now, before] = [toCheck(pod), toCheck(old)]
  if (now.annotations[seccompPodKey] !== before.annotations[seccompPodKey]) return true
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).some((list) => {
    const [ours, theirs] = [now.spec[list] ?? [], before.spec[list] ?? []]
    if (ours.length !== theirs.length) return true
    return ours.some(({ name, image }) => {
      const key = seccompPrefix + name
      const former = theirs.find((one) => one.name === name)
      return former?.image !== image || now.annotations[key] !== before.annotations[key]
    })
  })
}

function warnOfTemplate(
  context: ResourceContext,
  object: AnyObject,
  old: AnyObject | undefined,
): void {
  const { kind, info, options, warnings } = context
  const template = templateOf(kind, object)
  if (!template || (old && sameJson(template, templateOf(kind, old)))) return
  const { audit, warn } = podSecurityPolicy(labelsOf(options.store.view, info.namespace))
  noteViolation(context, audit, template)
  warnOnce(warnings, warn, template)
}

const annotationPrefix = 'pod-security.kubernetes.io/'

/** For the audit log. */
function noteViolation(context: ResourceContext, level: LevelVersion, pod: PodToCheck): void {
  const text = violation(level, pod)
  if (text !== '')
    annotate(context, `${annotationPrefix}audit-violations`, `would violate PodSecurity ${text}`)
}

/** A write that is tried again must not warn again. */
function warnOnce(warnings: string[], level: LevelVersion, pod: PodToCheck): void {
  const text = violation(level, pod)
  const warning = `would violate PodSecurity ${text}`
  if (text !== '' && !warnings.includes(warning)) warnings.push(warning)
}

/** `"restricted:latest": what (where)`, or '' when the level is kept. */
function violation(level: LevelVersion, pod: PodToCheck): string {
  const violations = violationsOf(level, pod)
  return violations.length === 0 ? '' : `"${levelText(level)}": ${violationsText(violations)}`
}

function toCheck(pod: AnyObject): PodToCheck {
  return { spec: pod['spec'] as PodSpec, annotations: pod.metadata.annotations ?? {} }
}

interface Template {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec?: PodSpec
}

function templateOf({ resource }: Kind, object: AnyObject): PodToCheck | undefined {
  type Spec = { template?: Template; jobTemplate?: { spec?: { template?: Template } } } | undefined
  const spec = object['spec'] as Spec
  const template =
    resource === 'podtemplates'
      ? (object['template'] as Template | undefined)
      : resource === 'cronjobs'
        ? spec?.jobTemplate?.spec?.template
        : spec?.template
  if (!template?.spec) return undefined
  return { spec: template.spec, annotations: template.metadata?.annotations ?? {} }
}

function labelsOf(view: StoreView, namespace: string): Labels {
  const record = view.get(objectKey(namespacePlace, '', namespace))
  return record ? parseObject(record.value).metadata.labels : undefined
}

function judgeNamespace(
  context: ResourceContext,
  namespace: AnyObject,
  old: AnyObject | undefined,
): void {
  const { kind, warnings } = context
  const { name = '', labels } = namespace.metadata
  const before = podSecurityPolicy(old?.metadata.labels).enforce
  const errors = podSecurityLabelErrors(labels)
  const isNew = errors.some(({ label, value }) => old?.metadata.labels?.[label] !== value)
  if (isNew)
    throw invalid(
      kind,
      name,
      errors.map(({ label, value, why }) => ({
        type: 'FieldValueInvalid',
        field: `metadata.labels[${label}]`,
        message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
      })),
    )
  const { enforce } = podSecurityPolicy(labels)
  if (!old || !isStricter(enforce, before)) return
  const found = existingViolations(context, name, enforce)
  for (const warning of found) if (!warnings.includes(warning)) warnings.push(warning)
}

/** The same, and less of the same version, needs no look at what is there. */
function isStricter(now: LevelVersion, before: LevelVersion): boolean {
  const order = ['privileged', 'baseline', 'restricted']
  if (now.version === before.version) return order.indexOf(now.level) > order.indexOf(before.level)
  return now.level !== 'privileged'
}

/** `web-1 (and 2 other pods): privileged`, for each different list of broken rules, and a line above them. */
function existingViolations(
  { options }: ResourceContext,
  namespace: string,
  enforce: LevelVersion,
): string[] {
  const prefix = resourcePrefix(podPlace, namespace)
  const end = prefixEnd(prefix)
  const { items } = options.store.view.range(prefix, end, { limit: existingPodsMax })
  const byText = new Map<string, string[]>()
  for (const { value } of items) {
    const pod = parseObject(value)
    const violations = violationsOf(enforce, toCheck(pod))
    if (violations.length === 0) continue
    const text = violations.map(({ what }) => what).join(', ')
    byText.set(text, [...(byText.get(text) ?? []), pod.metadata.name ?? ''])
  }
  const total = options.store.view.count(prefix, end)
  const warnings: string[] = []
  if (items.length < total)
    warnings.push(
      `new PodSecurity enforce level only checked against the first ${items.length} of ${total} existing pods`,
    )
  if (byText.size > 0)
    warnings.push(
      `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce ` +
        `level "${levelText(enforce)}"`,
    )
  return [...warnings, ...[...byText].map(podsText).sort()]
}

function podsText([text, names]: [string, string[]]): string {
  const others = names.length - 1
  const more = others === 0 ? '' : ` (and ${others} other ${others === 1 ? 'pod' : 'pods'})`
  return `${[...names].sort()[0]}${more}: ${text}`
}
