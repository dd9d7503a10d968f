import type { ApiResponse } from '../../client/transport.ts'
import type { AnyObject, FieldError } from '../../kinds/kind.ts'
import type { Binding, PodCondition } from '../../kinds/types.ts'
import { fieldErrorText, notSupported, required } from '../../kinds/validation/field-error.ts'
import { admitPart } from '../admission/part-objects.ts'
import { badRequest, conflict, withoutReason } from '../errors.ts'
import { statusAnswer, successStatus } from '../responses.ts'
import { checkPlace, isDryRun, readBody } from './request-body.ts'
import type { ResourceContext } from './resource-context.ts'
import { changeObject } from './update.ts'
import { timestamp } from './write-object.ts'

/**
 * POST of pods/<name>/binding, or to the collection `bindings`: gives a pod its node, once
 * (registry/core/pod/storage/storage.go).
 */
export async function handleBinding(context: ResourceContext): Promise<ApiResponse> {
  const answer = statusAnswer(context.request.headers.get('accept'))
  const body = readBody(context, {
    definition: 'io.k8s.api.core.v1.Binding',
    kind: 'Binding',
    apiVersions: ['v1'],
  })
  const { info, options } = context
  const name = info.resource === 'bindings' ? (body.metadata.name ?? '') : info.name
  // To the old collection it is as if the name stood in the path.
  checkPlace(context.kind, body, info.namespace, '')
  if ((body.metadata.name ?? '') !== name)
    throw badRequest('name in URL does not match name in Binding object')
  const dryRun = isDryRun(context)
  const write = { part: 'binding', dryRun } as const
  const binding = (await admitPart(judged(context), body, write)) as unknown as Binding
  const node = targetNode(binding)
  const now = timestamp(options.clock.wallMs())
  const pod = { ...context, info: { ...info, resource: 'pods', name } }
  await changeObject(pod, {
    part: 'raw',
    dryRun,
    next: (current) => bound(pod, current, binding, node, now),
  })
  return answer(201, { ...successStatus(undefined), code: 201 })
}

/** To webhooks and policies the collection `bindings` is a resource of its own. */
function judged(context: ResourceContext): ResourceContext {
  const { resource } = context.info
  return resource === 'bindings' ? { ...context, kind: { ...context.kind, resource } } : context
}

/** The node that is to have the pod. Its errors come bare, as Kubernetes gives them no reason. */
function targetNode({ target }: Binding): string {
  const { kind, name: node } = target ?? {}
  const errors: FieldError[] = []
  if (kind && kind !== 'Node') errors.push(notSupported('target.kind', kind, ['Node', '<empty>']))
  if (!node) errors.push(required('target.name'))
  const texts = errors.map(fieldErrorText)
  if (texts.length > 0)
    throw withoutReason(texts.length === 1 ? `${texts[0]}` : `[${texts.join(', ')}]`)
  return node ?? ''
}

interface ScheduledStatus {
  readonly conditions?: PodCondition[]
  readonly nominatedNodeName?: string
}

interface BoundSpec {
  readonly nodeName?: string
  readonly schedulingGates?: readonly unknown[]
}

function bound(
  context: ResourceContext,
  pod: AnyObject,
  binding: Binding,
  node: string,
  now: string,
): AnyObject {
  const { metadata } = pod
  const name = metadata.name ?? ''
  const spec = pod['spec'] as BoundSpec
  const failed = brokenPrecondition(binding, metadata)
  if (failed !== undefined) throw conflict(context.kind, name, `Precondition failed: ${failed}`)
  const refused = notBindable(name, pod, spec)
  if (refused !== undefined) throw conflict({ group: '', resource: 'pods/binding' }, name, refused)
  // As a scheduler, or what it asks, has written them: over what the pod had.
  for (const field of ['annotations', 'labels'] as const) {
    const given = binding.metadata[field]
    if (given) metadata[field] = Object.assign(Object.create(null), metadata[field], given)
  }
  pod['spec'] = { ...spec, nodeName: node }
  pod['status'] = scheduled(pod['status'] as ScheduledStatus | undefined, now)
  return pod
}

function brokenPrecondition(
  { metadata: asked }: Binding,
  { uid, resourceVersion }: AnyObject['metadata'],
): string | undefined {
  if (asked.uid && asked.uid !== uid)
    return `UID in precondition: ${asked.uid}, UID in object meta: ${uid}`
  if (asked.resourceVersion && asked.resourceVersion !== resourceVersion)
    return (
      `ResourceVersion in precondition: ${asked.resourceVersion}, ` +
      `ResourceVersion in object meta: ${resourceVersion}`
    )
  return undefined
}

function notBindable(
  name: string,
  { metadata }: AnyObject,
  { nodeName, schedulingGates = [] }: BoundSpec,
): string | undefined {
  if (metadata.deletionTimestamp !== undefined)
    return `pod ${name} is being deleted, cannot be assigned to a host`
  if (nodeName) return `pod ${name} is already assigned to node ${JSON.stringify(nodeName)}`
  if (schedulingGates.length > 0) return `pod ${name} has non-empty .spec.schedulingGates`
  return undefined
}

/** The status with condition PodScheduled=True; where room was made for the pod is told no more. */
function scheduled(status: ScheduledStatus | undefined, now: string): object {
  const { nominatedNodeName: _told, ...rest } = status ?? {}
  const { conditions = [] } = rest
  const before = conditions.find((one) => one.type === 'PodScheduled')
  const others = conditions.filter((one) => one.type !== 'PodScheduled')
  const since = before?.status === 'True' ? (before.lastTransitionTime ?? now) : now
  return {
    ...rest,
    conditions: [...others, { type: 'PodScheduled', status: 'True', lastTransitionTime: since }],
  }
}
