import type { ApiResponse } from '../../client/transport.ts'
import { type AnyObject, typed } from '../../kinds/kind.ts'
import type { Eviction, Pod } from '../../kinds/types.ts'
import { mutatedPart, validatePart } from '../admission/part-objects.ts'
import { badRequest } from '../errors.ts'
import { checkPreconditions, deleteObject } from '../handlers/delete.ts'
import { type Deletion, deletionOf } from '../handlers/delete-options.ts'
import { getRecord } from '../handlers/get.ts'
import { isDryRun, readBody } from '../handlers/request-body.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { changeObject } from '../handlers/update.ts'
import { timestamp } from '../handlers/write-object.ts'
import { statusAnswer, successStatus } from '../responses.ts'
import { takeDisruption } from './disruption-budget.ts'

/**
 * POST of pods/<name>/eviction: deletes the pod the gentle way, if its disruption budget lets it go
 * (registry/core/pod/storage/eviction.go).
 */
export async function handleEviction(context: ResourceContext): Promise<ApiResponse> {
  const { info } = context
  const answer = statusAnswer(context.request.headers.get('accept'))
  const body = readBody(context, {
    definition: 'io.k8s.api.policy.v1.Eviction',
    kind: 'Eviction',
    apiVersions: ['policy/v1'],
  })
  // A body that asks for a dry run is a write to those who are asked, as in Kubernetes.
  const write = { part: 'eviction', dryRun: isDryRun(context) } as const
  const eviction = await mutatedPart(context, body, write)
  if (eviction.metadata.name !== info.name)
    throw badRequest('name in URL does not match name in Eviction object')
  const options = (eviction as unknown as Eviction).deleteOptions ?? {}
  const dryRun = isDryRun(context, options.dryRun)
  await validatePart(context, eviction, write)
  const record = await getRecord(context)
  await takeDisruption(context, context.shared.parsed.get(record) as Pod, dryRun)
  const deletion = deletionOf(options, dryRun)
  await deleteObject(context, dryRun ? deletion : await disrupted(context, deletion))
  return answer(201, { ...successStatus(undefined), code: 201 })
}

/**
 * The pod says what ends it before it goes, for a Job that does not count such failures. What the
 * deletion asks of the pod's version is then asked of the one that was just made.
 */
async function disrupted(context: ResourceContext, deletion: Deletion): Promise<Deletion> {
  const { kind, options } = context
  const now = timestamp(options.clock.wallMs())
  const written = await changeObject(context, {
    part: 'raw',
    dryRun: false,
    next: (current, record) => {
      checkPreconditions(kind, current, record, deletion)
      return withDisruption(typed<Pod>(current), now)
    },
  })
  const isPinned = deletion.resourceVersion !== undefined && 'stored' in written
  return isPinned ? { ...deletion, resourceVersion: String(written.stored.modRevision) } : deletion
}

/** Undefined when it says so already. */
function withDisruption(pod: Pod, now: string): AnyObject | undefined {
  const { status = {} } = pod
  const { conditions = [] } = status
  const said = conditions.find(({ type }) => type === disruption.type)
  if (said?.status === 'True' && said.reason === disruption.reason) return undefined
  const others = conditions.filter((one) => one !== said)
  const told = { ...disruption, lastTransitionTime: now }
  return { ...pod, status: { ...status, conditions: [...others, told] } } as unknown as AnyObject
}

const disruption = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'EvictionByEvictionAPI',
  message: 'Eviction API: evicting',
} as const
