import type { AnyObject, FieldError } from '../kind.ts'
import type { EphemeralContainer, Pod } from '../types.ts'
import { duplicate, forbidden, notFound, same } from '../validation/field-error.ts'
import { validateContainer } from './validate-container.ts'

const path = 'spec.ephemeralContainers'

/** Through this part only the list itself may change (pkg/registry/core/pod/strategy.go). */
export function keepAllButEphemeralContainers(object: AnyObject, old: AnyObject): void {
  const wanted = (object as Pod).spec?.ephemeralContainers
  const { metadata } = object
  for (const field of Object.keys(object)) if (!(field in old)) object[field] = undefined
  Object.assign(object, structuredClone(old))
  const spec = { ...(old as Pod).spec, ephemeralContainers: wanted ?? [] }
  object['spec'] =
    wanted === undefined && !(old as Pod).spec?.ephemeralContainers ? old['spec'] : spec
  object.metadata = { ...object.metadata, resourceVersion: metadata.resourceVersion }
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
  const errors = now.flatMap((container, index): FieldError[] => {
    const at = `${path}[${index}]`
    const { targetContainerName: target } = container
    const found = [
      ...validateContainer(container, at, { volumes, hostNetwork: false, init: false }),
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
          path,
          `existing ephemeral containers ${JSON.stringify(old.name)} may not be removed\n`,
        ),
      ]
    return same(kept, old)
      ? []
      : [
          forbidden(
            path,
            `existing ephemeral containers ${JSON.stringify(old.name)} may not be changed\n`,
          ),
        ]
  })
}
