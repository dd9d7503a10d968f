import type { ApiResponse } from '../../client/transport.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import type { Binding, PodCondition } from '../../kinds/types.ts'
import { admitPart } from '../admission/part-objects.ts'
import { badRequest, conflict, invalidKind } from '../errors.ts'
import { jsonResponse, successStatus } from '../responses.ts'
import { isDryRun, readBody } from './request-body.ts'
import type { ResourceContext } from './resource-context.ts'
import { changeObject } from './update.ts'
import { timestamp } from './write-object.ts'

/**
 * POST of pods/<name>/binding, or to the collection `bindings`: gives a pod its node, once
 * (registry/core/pod/storage/storage.go).
 */
export async function handleBinding(context: ResourceContext): Promise<ApiResponse> {
  const body = readBody(context, {
    definition: 'io.k8s.api.core.v1.Binding',
    kind: 'Binding',
    apiVersions: ['v1'],
  })
  const { info, options } = context
  const name = info.resource === 'bindings' ? (body.metadata.name ?? '') : info.name
  if (body.metadata.name && body.metadata.name !== name)
    throw badRequest('name in URL does not match name in Binding object')
  const dryRun = isDryRun(context)
  const binding = (await admitPart(judged(context), 'binding', body, dryRun)) as unknown as Binding
  const node = targetNode(binding, name)
  const now = timestamp(options.clock.wallMs())
  const pod = { ...context, info: { ...info, resource: 'pods', name } }
  await changeObject(pod, {
    part: 'raw',
    dryRun,
    next: (current) => bound(pod, current, binding, node, now),
  })
  return jsonResponse(201, { ...successStatus(undefined), code: 201 })
}

/** To webhooks and policies the collection `bindings` is a resource of its own. */
function judged(context: ResourceContext): ResourceContext {
  const { resource } = context.info
  return resource === 'bindings' ? { ...context, kind: { ...context.kind, resource } } : context
}

function targetNode(binding: Binding, name: string): string {
  const { kind, name: node } = binding.target ?? {}
  if (kind && kind !== 'Node')
    throw invalidKind('Binding', '', name, [
      {
        type: 'FieldValueNotSupported',
        field: 'target.kind',
        message: `Unsupported value: ${JSON.stringify(kind)}: supported values: "Node"`,
      },
    ])
  if (!node)
    throw invalidKind('Binding', '', name, [
      { type: 'FieldValueRequired', field: 'target.name', message: 'Required value' },
    ])
  return node
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
  const spec = pod['spec'] as { nodeName?: string; schedulingGates?: readonly unknown[] }
  if (binding.metadata.uid && binding.metadata.uid !== metadata.uid)
    throw conflict(
      context.kind,
      name,
      `Precondition failed: UID in precondition: ${binding.metadata.uid}, ` +
        `UID in object meta: ${metadata.uid}`,
    )
  if (metadata.deletionTimestamp !== undefined)
    throw conflict(context.kind, name, `pod ${name} is being deleted, cannot be assigned to a host`)
  if (spec.nodeName)
    throw conflict(
      context.kind,
      name,
      `pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`,
    )
  if ((spec.schedulingGates ?? []).length > 0)
    throw conflict(context.kind, name, `pod ${name} has non-empty .spec.schedulingGates`)
  // As a scheduler, or what it asks, has written them: over what the pod had.
  for (const field of ['annotations', 'labels'] as const) {
    const given = binding.metadata[field]
    if (given) metadata[field] = Object.assign(Object.create(null), metadata[field], given)
  }
  pod['spec'] = { ...spec, nodeName: node }
  pod['status'] = scheduled(pod['status'] as { conditions?: PodCondition[] } | undefined, now)
  return pod
}

/** The status with condition PodScheduled=True. */
function scheduled(status: { conditions?: PodCondition[] } | undefined, now: string): object {
  const conditions = status?.conditions ?? []
  const before = conditions.find((one) => one.type === 'PodScheduled')
  const others = conditions.filter((one) => one.type !== 'PodScheduled')
  const since = before?.status === 'True' ? (before.lastTransitionTime ?? now) : now
  return {
    ...status,
    conditions: [...others, { type: 'PodScheduled', status: 'True', lastTransitionTime: since }],
  }
}
