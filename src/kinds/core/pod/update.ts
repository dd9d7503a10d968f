import type { AnyObject, FieldError } from '../../kind.ts'
import type { Container, EphemeralContainer, Pod, PodSpec, Toleration } from '../../types.ts'
import {
  duplicate,
  forbidden,
  invalid,
  notFound,
  required,
  same,
} from '../../validation/field-error.ts'
import { validateContainer } from '../validate-container.ts'
import { validatePodSpec } from '../validate-pod.ts'

/** What a running pod may still change (pkg/apis/core/validation: ValidatePodUpdate). */
export function validatePodUpdate(object: Pod, oldObject: Pod): FieldError[] {
  const spec = object.spec ?? { containers: [] }
  const old = oldObject.spec ?? { containers: [] }
  const errors = validatePodSpec(spec, 'spec')
  for (const field of ['containers', 'initContainers'] as const)
    if ((spec[field] ?? []).length !== (old[field] ?? []).length)
      return [...errors, forbidden(`spec.${field}`, 'pod updates may not add or remove containers')]
  errors.push(...deadlineErrors(spec, old))
  errors.push(...tolerationErrors(spec.tolerations ?? [], old.tolerations ?? []))
  errors.push(...gateErrors(spec, old))
  const changed = fixedChanges(spec, old)
  if (changed.length > 0)
    errors.push(forbidden('spec', `${mayChange}\nchanged: ${changed.join(', ')}`))
  return errors
}

const mayChange =
  'pod updates may not change fields other than `spec.containers[*].image`,' +
  '`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,' +
  '`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

const mayDiffer: ReadonlySet<string> = new Set([
  'activeDeadlineSeconds',
  'tolerations',
  'schedulingGates',
  'containers',
  'initContainers',
])

/** Fields of the spec that differ and must not. */
function fixedChanges(spec: PodSpec, old: PodSpec): string[] {
  const gated = (old.schedulingGates ?? []).length > 0
  const names = new Set([...Object.keys(spec), ...Object.keys(old)]) as Set<keyof PodSpec>
  const changed: string[] = []
  for (const name of names) {
    if (mayDiffer.has(name) || same(spec[name], old[name])) continue
    if (gated && (name === 'nodeSelector' || name === 'affinity')) continue
    const negativeBefore = (old.terminationGracePeriodSeconds ?? 0) < 0
    if (name === 'terminationGracePeriodSeconds' && negativeBefore && spec[name] === 1) continue
    changed.push(`spec.${name}`)
  }
  for (const list of ['containers', 'initContainers'] as const)
    for (const [index, container] of (spec[list] ?? []).entries()) {
      const before = old[list]?.[index]
      if (before && !same(withoutImage(container), withoutImage(before)))
        changed.push(`spec.${list}[${index}]`)
    }
  return changed
}

function withoutImage(container: Container): Omit<Container, 'image'> {
  const { image: _image, ...rest } = container
  return rest
}

function deadlineErrors(
  { activeDeadlineSeconds: deadline }: PodSpec,
  { activeDeadlineSeconds: old }: PodSpec,
): FieldError[] {
  const path = 'spec.activeDeadlineSeconds'
  if (old === undefined) return []
  if (deadline === undefined)
    return [invalid(path, undefined, 'must not update from a positive integer to nil value')]
  if (deadline <= old) return []
  return [invalid(path, deadline, 'must be less than or equal to previous value')]
}

function tolerationErrors(
  tolerations: readonly Toleration[],
  old: readonly Toleration[],
): FieldError[] {
  const kept = (before: Toleration): boolean =>
    tolerations.some((toleration) =>
      same(
        { ...toleration, tolerationSeconds: undefined },
        { ...before, tolerationSeconds: undefined },
      ),
    )
  if (old.every(kept)) return []
  return [
    forbidden(
      'spec.tolerations',
      'existing toleration can not be modified except its tolerationSeconds',
    ),
  ]
}

function gateErrors(spec: PodSpec, old: PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map(({ name }) => name))
  const added = (spec.schedulingGates ?? []).filter(({ name }) => !before.has(name))
  if (added.length === 0) return []
  const names = added.map(({ name }) => name).join(', ')
  return [forbidden('spec.schedulingGates', `only deletion is allowed, but found new: ${names}`)]
}

const ephemeralPath = 'spec.ephemeralContainers'

/** Through this part only the list itself may change (pkg/registry/core/pod/strategy.go). */
export function keepAllButEphemeralContainers(object: AnyObject, old: AnyObject): void {
  const wanted = (object as Pod).spec?.ephemeralContainers
  const spec = { ...(old as Pod).spec, ephemeralContainers: wanted ?? [] }
  keepAllButSpec(
    ...([object, old] as const),
    wanted === undefined && !(old as Pod).spec?.ephemeralContainers ? old['spec'] : spec,
  )
}

/** Makes `object` what `old` is, with this spec, written against the revision that `object` names. */
export function keepAllButSpec(object: AnyObject, old: AnyObject, spec: unknown): void {
  const { resourceVersion } = object.metadata
  for (const field of Object.keys(object)) if (!(field in old)) object[field] = undefined
  Object.assign(object, structuredClone(old))
  object['spec'] = spec
  object.metadata = { ...object.metadata, resourceVersion }
}

/** Containers may only come (pkg/apis/core/validation: ValidatePodEphemeralContainersUpdate). */
export function validateEphemeralContainers(object: AnyObject, old: AnyObject): FieldError[] {
  const { spec } = object as Pod
  const now = spec?.ephemeralContainers ?? []
  const names = new Set(
    [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map((one) => one.name),
  )
  const targets = new Set(names)
  const volumes = new Set((spec?.volumes ?? []).map((one) => one.name))
  const ownUsers = spec?.hostUsers === false
  const place = { volumes, hostNetwork: false, ownUsers, init: false }
  const errors = now.flatMap((container, index): FieldError[] => {
    const at = `${ephemeralPath}[${index}]`
    const { targetContainerName: target } = container
    const found = [
      ...(container.name ? [] : [required(`${at}.name`)]),
      ...validateContainer(container, at, place),
      ...unusable(container, at),
      ...(names.has(container.name) ? [duplicate(`${at}.name`, container.name)] : []),
      ...(target && !targets.has(target) ? [notFound(`${at}.targetContainerName`, target)] : []),
    ]
    names.add(container.name)
    return found
  })
  return [...errors, ...changes(now, (old as Pod).spec?.ephemeralContainers ?? [])]
}

const unusableFields = [
  'lifecycle',
  'livenessProbe',
  'ports',
  'readinessProbe',
  'resizePolicy',
  'restartPolicy',
  'resources',
  'startupProbe',
] as const

function unusable(container: EphemeralContainer, at: string): FieldError[] {
  const errors = unusableFields
    .filter((field) => isSet(container[field]))
    .map((field) => forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container'))
  for (const [index, mount] of (container.volumeMounts ?? []).entries())
    for (const field of ['subPath', 'subPathExpr'] as const)
      if (mount[field])
        errors.push(
          forbidden(
            `${at}.volumeMounts[${index}].${field}`,
            'cannot be set for an Ephemeral Container',
          ),
        )
  return errors
}

function isSet(value: unknown): boolean {
  return (
    value !== undefined && !(typeof value === 'object' && Object.keys(value ?? {}).length === 0)
  )
}

function changes(
  now: readonly EphemeralContainer[],
  before: readonly EphemeralContainer[],
): FieldError[] {
  return before.flatMap((old) => {
    const kept = now.find((one) => one.name === old.name)
    if (!kept)
      return [
        forbidden(
          ephemeralPath,
          `existing ephemeral containers ${JSON.stringify(old.name)} may not be removed\n`,
        ),
      ]
    return same(kept, old)
      ? []
      : [
          forbidden(
            ephemeralPath,
            `existing ephemeral containers ${JSON.stringify(old.name)} may not be changed\n`,
          ),
        ]
  })
}
