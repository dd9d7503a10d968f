import type { AnyObject, Kind } from '../../kinds/kind.ts'
import type { PodSpec, PriorityClass } from '../../kinds/types.ts'
import type { StoreView } from '../../state/cluster-store.ts'
import { forbidden } from '../errors.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { isKeySegment, objectKey, prefixEnd, resourcePrefix } from '../storage-keys.ts'
import { parseObject } from '../stored-object.ts'
import type { AdmissionPlugin } from './plugin.ts'

const place = { group: 'scheduling.k8s.io', resource: 'priorityclasses', namespaced: false }

/** Gives pods the priority of their class (plugin/pkg/admission/priority/admission.go). */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  resources: ['pods', 'scheduling.k8s.io/priorityclasses'],
  complete({ kind, info, options }, object) {
    if (kind.resource === 'pods' && info.subresource === '')
      completePod(kind, options.store.view, object)
  },
  completeUpdate({ kind, info }, object, old) {
    if (kind.resource === 'pods' && info.subresource === '') keepPriority(object, old)
  },
  judge(context, object, old) {
    if (context.kind.resource !== 'priorityclasses') return
    if (object) oneDefault(context, object, old)
    else keepSystemClass(context.kind, old?.metadata.name ?? '')
  },
}

/** pkg/registry/scheduling/priorityclass/storage: what the cluster itself stands on stays. */
function keepSystemClass(kind: Kind, name: string): void {
  if (name === 'system-cluster-critical' || name === 'system-node-critical')
    throw forbidden(kind, name, 'this is a system priority class and cannot be deleted')
}

function completePod(kind: Kind, view: StoreView, pod: AnyObject): void {
  const spec = pod['spec'] as PodSpec | undefined
  if (!spec) return
  const refused = (why: string) =>
    forbidden(kind, pod.metadata.name || (pod.metadata.generateName ?? ''), why)
  const chosen = spec.priorityClassName ? classNamed(view, spec.priorityClassName) : undefined
  if (spec.priorityClassName && !chosen)
    throw refused(`no PriorityClass with name ${spec.priorityClassName} was found`)
  const found = chosen ?? defaultClass(view)
  const value = found?.value ?? 0
  if (found) spec.priorityClassName = found.metadata.name
  if (spec.priority !== undefined && spec.priority !== value)
    throw refused(
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; ` +
        `priority admission controller computed ${value} from the given PriorityClass name`,
    )
  spec.priority = value
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority'
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy)
    throw refused(
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in ` +
        `pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    )
  spec.preemptionPolicy = policy
}

/** Who leaves out what was computed keeps it. */
function keepPriority(object: AnyObject, old: AnyObject): void {
  const spec = object['spec'] as PodSpec | undefined
  const before = old['spec'] as PodSpec | undefined
  if (!spec || !before) return
  if (before.priority !== undefined) spec.priority ??= before.priority
  if (before.preemptionPolicy !== undefined) spec.preemptionPolicy ??= before.preemptionPolicy
}

function classNamed(view: StoreView, name: string): PriorityClass | undefined {
  const record = isKeySegment(name) ? view.get(objectKey(place, '', name)) : undefined
  return record && (parseObject(record.value) as unknown as PriorityClass)
}

/** Of several, which a race may leave behind, the one with the lowest priority. */
function defaultClass(view: StoreView): PriorityClass | undefined {
  return defaultClasses(view).sort((left, right) => (left.value ?? 0) - (right.value ?? 0))[0]
}

function defaultClasses(view: StoreView): PriorityClass[] {
  const prefix = resourcePrefix(place, '')
  return view
    .range(prefix, prefixEnd(prefix))
    .items.map(({ value }) => parseObject(value) as unknown as PriorityClass)
    .filter(({ globalDefault }) => globalDefault === true)
}

function oneDefault(
  { kind, options }: ResourceContext,
  object: AnyObject,
  old: AnyObject | undefined,
): void {
  const asks = object as unknown as PriorityClass
  const had = (old as unknown as PriorityClass | undefined)?.globalDefault === true
  if (!asks.globalDefault || had) return
  const { name = '' } = asks.metadata
  const other = defaultClasses(options.store.view).find(({ metadata }) => metadata.name !== name)
  if (other)
    throw forbidden(
      kind,
      name,
      `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`,
    )
}
