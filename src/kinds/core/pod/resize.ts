import type { AnyObject, FieldError } from '../../kind.ts'
import type { Container, Pod, PodSpec, ResourceRequirements } from '../../types.ts'
import { forbidden, invalid, same } from '../../validation/field-error.ts'
import { validatePodSpec } from '../validate-pod.ts'
import { qosClass } from './qos-class.ts'
import { isSidecar } from './row.ts'
import { keepAllButSpec } from './update.ts'

const lists = ['containers', 'initContainers'] as const

/** What a running container's resources may be changed in. */
export const resizableResources = ['cpu', 'memory'] as const

/**
 * Through this part only resources of containers, and what a change of them means, may be written
 * (pkg/registry/core/pod/strategy.go: dropNonResizeUpdates). Order and names are as written: validation
 * looks at them.
 */
export function keepAllButResources(object: AnyObject, old: AnyObject): void {
  const wanted = (object as Pod).spec
  const before = (old as Pod).spec
  const spec = { ...before } as PodSpec
  for (const list of lists) {
    const kept = new Map((before?.[list] ?? []).map((one) => [one.name, one]))
    const now = wanted?.[list]?.map((container) => {
      const { resources, resizePolicy } = container
      const own = kept.get(container.name)
      return own ? withResources(own, { resources, resizePolicy }) : container
    })
    if (now || before?.[list]) spec[list] = now ?? []
  }
  keepAllButSpec(object, old, spec)
}

function withResources(
  container: Container,
  { resources, resizePolicy }: Pick<Container, 'resources' | 'resizePolicy'>,
): Container {
  const { resources: _resources, resizePolicy: _policy, ...rest } = container
  return {
    ...rest,
    ...(resources === undefined ? {} : { resources }),
    ...(resizePolicy === undefined ? {} : { resizePolicy }),
  }
}

/** pkg/apis/core/validation: ValidatePodResize. */
export function validateResize(object: AnyObject, oldObject: AnyObject): FieldError[] {
  const [pod, old] = [object as Pod, oldObject as Pod]
  const [now, before] = [specOf(pod), specOf(old)]
  if (isSizedAsAWhole(now) || isSizedAsAWhole(before))
    return [forbidden('', 'pods with pod-level resources cannot be resized')]
  if (old.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined)
    return [forbidden('', 'static pods cannot be resized')]
  if (before.os?.name === 'windows') return [forbidden('', 'windows pods cannot be resized')]
  const errors = validatePodSpec(now, 'spec')
  const quality = qosClass(pod)
  if ((old.status?.qosClass ?? qosClass(old)) !== quality)
    errors.push(
      invalid(
        'spec',
        pod.status?.qosClass ?? quality,
        'Pod QOS Class may not change as a result of resizing',
      ),
    )
  if (!isSupported(old))
    errors.push(forbidden('spec', 'Pod running on node without support for resize'))
  const misplaced = lists.flatMap((list) => orderErrors(now, before, list))
  if (misplaced.length > 0) return [...errors, ...misplaced]
  return [...errors, ...removals(now, before), ...otherChanges(now, before)]
}

function specOf({ spec }: Pod): PodSpec {
  return spec ?? { containers: [] }
}

function isSizedAsAWhole({ resources }: PodSpec): boolean {
  const { requests = {}, limits = {} } = resources ?? {}
  return Object.keys(requests).length + Object.keys(limits).length > 0
}

/** A node that tells the resources of what runs there can change them. */
function isSupported({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find(({ state }) => state?.running)
  return running === undefined || running.resources !== undefined
}

function orderErrors(now: PodSpec, before: PodSpec, list: (typeof lists)[number]): FieldError[] {
  const [containers, old] = [now[list] ?? [], before[list] ?? []]
  if (containers.length !== old.length)
    return [forbidden(`spec.${list}`, `${list} may not be added or removed on resize`)]
  return containers.flatMap(({ name }, index) =>
    name === old[index]?.name
      ? []
      : [
          forbidden(
            `spec.${list}[${index}].name`,
            `${list} may not be renamed or reordered on resize`,
          ),
        ],
  )
}

/** What was asked for or limited stays so, by whatever amount. */
function removals(now: PodSpec, before: PodSpec): FieldError[] {
  return lists.flatMap((list) =>
    (before[list] ?? []).flatMap((old, index) => {
      if (list === 'initContainers' && !isSidecar(old)) return []
      const resources = now[list]?.[index]?.resources
      return (['requests', 'limits'] as const).flatMap((part) =>
        Object.keys(old.resources?.[part] ?? {}).some(
          (name) => resources?.[part]?.[name] === undefined,
        )
          ? [
              forbidden(
                `spec.${list}[${index}].resources.${part}`,
                `resource ${part} cannot be removed`,
              ),
            ]
          : [],
      )
    }),
  )
}

function otherChanges(now: PodSpec, before: PodSpec): FieldError[] {
  return lists.flatMap((list) =>
    (before[list] ?? []).flatMap((old, index) => {
      const container = now[list]?.[index]
      const isInit = list === 'initContainers'
      if (isInit && !isSidecar(old))
        return same(container, old)
          ? []
          : [forbidden('spec', 'resources for non-sidecar init containers are immutable')]
      if (container && same(withoutResizable(container), withoutResizable(old))) return []
      const which = isInit ? ' for sidecar containers' : ''
      return [forbidden('spec', `only cpu and memory resources${which} are mutable`)]
    }),
  )
}

function withoutResizable({ resources, ...rest }: Container): object {
  const { requests, limits, claims } = resources ?? {}
  return { ...rest, requests: others(requests), limits: others(limits), claims: claims ?? [] }
}

function others(amounts: ResourceRequirements['requests']): object {
  const resizable: readonly string[] = resizableResources
  return Object.fromEntries(
    Object.entries(amounts ?? {}).filter(([name]) => !resizable.includes(name)),
  )
}
