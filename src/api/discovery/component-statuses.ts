import { StatusError } from '../../base/status.ts'
import type { ApiResponse } from '../../client/transport.ts'
import { componentStatus } from '../../kinds/components/component-status.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import type { HandlerContext } from '../context.ts'
import { methodNotAllowed, notFound } from '../errors.ts'
import { representationAs } from '../representation.ts'
import { bytesResponse } from '../responses.ts'

/** Names that tools know. All three are parts of every master, at work in the one that leads. */
const components = ['controller-manager', 'etcd-0', 'scheduler']

/** GET of `componentstatuses` (k8s.io/kubernetes pkg/registry/core/componentstatus/rest.go). */
export async function handleComponentStatuses(context: HandlerContext): Promise<ApiResponse> {
  const { info } = context
  if ((info.verb !== 'get' && info.verb !== 'list') || info.subresource !== '')
    throw methodNotAllowed()
  const representation = representationAs(context, componentStatus)
  if (info.name !== '' && !components.includes(info.name))
    throw notFound(componentStatus, info.name)
  const problem = await leaderProblem(context)
  const type = representation.contentType
  if (info.name !== '')
    return bytesResponse(200, [representation.value(statusOf(info.name, problem))], type)
  const objects = components.map((name) => statusOf(name, problem))
  return bytesResponse(200, [representation.list(objects)], type)
}

/** What keeps the leader from answering; undefined when nothing does. */
async function leaderProblem({ options }: HandlerContext): Promise<string | undefined> {
  try {
    await options.store.barrier()
    return undefined
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return error.status.message ?? 'no leader answers'
  }
}

function statusOf(name: string, problem: string | undefined): AnyObject {
  const condition =
    problem === undefined
      ? { type: 'Healthy', status: 'True', message: 'ok' }
      : { type: 'Healthy', status: 'False', error: problem }
  return {
    apiVersion: 'v1',
    kind: 'ComponentStatus',
    metadata: { name },
    conditions: [condition],
  }
}
