import type { ApiResponse } from '../../client/transport.ts'
import type { Eviction } from '../../kinds/types.ts'
import { badRequest } from '../errors.ts'
import { jsonResponse, successStatus } from '../responses.ts'
import { deleteObject } from './delete.ts'
import { deletionOf } from './delete-options.ts'
import { isDryRun, readBody } from './request-body.ts'
import type { ResourceContext } from './resource-context.ts'

/**
 * POST of pods/<name>/eviction: deletes the pod the gentle way. There are no PodDisruptionBudgets
 * here that could forbid it (registry/core/pod/storage/eviction.go).
 */
export async function handleEviction(context: ResourceContext): Promise<ApiResponse> {
  const { info } = context
  const body = readBody(context, {
    definition: 'io.k8s.api.policy.v1.Eviction',
    kind: 'Eviction',
    apiVersions: ['policy/v1'],
  })
  const eviction = body as unknown as Eviction
  const { name } = eviction.metadata ?? {}
  if (name && name !== info.name)
    throw badRequest('name in URL does not match name in Eviction object')
  const options = eviction.deleteOptions ?? {}
  const dryRun = isDryRun(context, options.dryRun)
  await deleteObject(context, deletionOf(options, dryRun))
  return jsonResponse(201, { ...successStatus(undefined), code: 201 })
}
