import type { PodSpec, RuntimeClass } from '../../kinds/types.ts'
import { forbidden } from '../errors.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { sameJson } from '../handlers/write-object.ts'
import { isKeySegment, objectKey } from '../storage-keys.ts'
import { parseObject } from '../stored-object.ts'
import type { AdmissionPlugin } from './plugin.ts'

const place = { group: 'node.k8s.io', resource: 'runtimeclasses', namespaced: false }

/**
 * A pod that names a runtime class gets its overhead, and goes only where the class runs
 * (plugin/pkg/admission/runtimeclass/admission.go).
 */
export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  resources: ['pods'],
  complete(context, pod) {
    const spec = pod['spec'] as PodSpec | undefined
    const name = spec?.runtimeClassName
    if (!spec || context.info.subresource !== '') return
    const refused = (why: string) =>
      forbidden(context.kind, pod.metadata.name || (pod.metadata.generateName ?? ''), why)
    const found = name ? classNamed(context, name) : undefined
    if (name && !found)
      throw refused(`pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
    const overhead = found?.overhead?.podFixed
    if (spec.overhead && !overhead)
      throw refused(
        'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
      )
    if (spec.overhead && !sameJson(spec.overhead, overhead))
      throw refused("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    if (overhead) spec.overhead = { ...overhead }
    if (found) placeLike(found, spec, refused)
  },
}

function classNamed({ options }: ResourceContext, name: string): RuntimeClass | undefined {
  const record = isKeySegment(name) ? options.store.view.get(objectKey(place, '', name)) : undefined
  return record && (parseObject(record.value) as unknown as RuntimeClass)
}

function placeLike(
  { scheduling }: RuntimeClass,
  spec: PodSpec,
  refused: (why: string) => Error,
): void {
  const selector = scheduling?.nodeSelector ?? {}
  for (const [label, value] of Object.entries(selector)) {
    const asked = spec.nodeSelector?.[label]
    if (asked !== undefined && asked !== value)
      throw refused(
        `conflict: runtimeClass.scheduling.nodeSelector[${label}] = ${value}; ` +
          `pod.spec.nodeSelector[${label}] = ${asked}`,
      )
  }
  if (Object.keys(selector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...selector }
  for (const toleration of scheduling?.tolerations ?? [])
    if (!(spec.tolerations ?? []).some((one) => sameJson(one, toleration)))
      spec.tolerations = [...(spec.tolerations ?? []), toleration]
}
