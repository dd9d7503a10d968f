import type { ApiResponse } from '../../client/transport.ts'
import type { Eviction, Pod } from '../../kinds/types.ts'
import { admitPart } from '../admission/part-objects.ts'
import { badRequest } from '../errors.ts'
import { deleteObject } from '../handlers/delete.ts'
import { deletionOf } from '../handlers/delete-options.ts'
import { getRecord } from '../handlers/get.ts'
import { isDryRun, readBody } from '../handlers/request-body.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
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
  const eviction = body as unknown as Eviction
  if (eviction.metadata?.name !== info.name)
    throw badRequest('name in URL does not match name in Eviction object')
  const options = eviction.deleteOptions ?? {}
  const dryRun = isDryRun(context, options.dryRun)
  const record = await getRecord(context)
  await admitPart(context, 'eviction', body, dryRun)
  await takeDisruption(context, context.shared.parsed.get(record) as Pod, dryRun)
  await deleteObject(context, deletionOf(options, dryRun))
  return answer(201, { ...successStatus(undefined), code: 201 })
}
