import { present } from '../../base/assert.ts'
import type { Kind } from '../../kinds/kind.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import type { HandlerContext, RequestInfo } from '../context.ts'
import type { Shared } from '../handlers/resource-context.ts'

/** Kinds of the options that a stream of a pod begins with. */
const optionsKinds: ReadonlyMap<string, string> = new Map([
  ['exec', 'PodExecOptions'],
  ['attach', 'PodAttachOptions'],
  ['portforward', 'PodPortForwardOptions'],
])
const flags = ['stdin', 'stdout', 'stderr', 'tty']

/**
 * Asks webhooks and policies about a stream of a pod: operation CONNECT, with the options of the stream
 * as its object (apiserver pkg/endpoints/handlers/rest.go ConnectResource). Throws refusals.
 */
export async function admitStream(context: HandlerContext, shared: Shared): Promise<void> {
  const { info } = context
  const name = optionsKinds.get(info.subresource)
  if (name === undefined) return
  const pods = present(kindOfResource('', 'v1', 'pods'), 'kind Pod')
  const kind: Kind = { ...pods, kind: name }
  const attributes = {
    context: { ...context, kind, shared },
    operation: 'CONNECT' as const,
    object: { apiVersion: 'v1', kind: name, metadata: {}, ...streamOptions(info) },
    old: undefined,
    dryRun: false,
  }
  await shared.dynamic.mutate(attributes)
  await shared.dynamic.validate(attributes)
}

function streamOptions({ query }: RequestInfo): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const flag of flags)
    if (query.has(flag)) found[flag] = /^(true|1)$/i.test(query.get(flag) ?? '')
  const container = query.get('container')
  if (container) found['container'] = container
  const command = query.getAll('command')
  if (command.length > 0) found['command'] = command
  const ports = query.getAll('ports').map(Number)
  if (ports.length > 0) found['ports'] = ports
  return found
}
