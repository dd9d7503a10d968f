import { present } from '../../base/assert.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import type { HandlerContext, RequestInfo } from '../context.ts'
import type { Shared } from '../handlers/resource-context.ts'
import { splitProxyPath } from '../proxy/proxied-path.ts'

/** Kinds of the options that a stream or a proxied request begins with, by resource and subresource. */
const optionsKinds: ReadonlyMap<string, string> = new Map([
  ['pods/exec', 'PodExecOptions'],
  ['pods/attach', 'PodAttachOptions'],
  ['pods/portforward', 'PodPortForwardOptions'],
  ['pods/proxy', 'PodProxyOptions'],
  ['services/proxy', 'ServiceProxyOptions'],
  ['nodes/proxy', 'NodeProxyOptions'],
])
const flags = ['stdin', 'stdout', 'stderr', 'tty']

/**
 * Asks webhooks and policies about a stream or a proxied request: operation CONNECT, with its options as the
 * object (apiserver pkg/endpoints/handlers/rest.go ConnectResource). Throws refusals.
 */
export async function admitConnect(context: HandlerContext, shared: Shared): Promise<void> {
  const { info } = context
  const name = optionsKinds.get(`${info.resource}/${info.subresource}`)
  if (name === undefined) return
  const kind = present(kindOfResource('', 'v1', info.resource), `kind of ${info.resource}`)
  const objectKind = { ...{ group: '', version: 'v1', kind: name }, definition: '' }
  const own = info.subresource === 'proxy' ? proxyOptions(info) : streamOptions(info)
  const attributes = {
    context: { ...context, kind, shared },
    operation: 'CONNECT' as const,
    object: { apiVersion: 'v1', kind: name, metadata: {}, ...own },
    old: undefined,
    dryRun: false,
    objectKind,
    requestOptions: null,
  }
  await shared.dynamic.mutate(attributes)
  await shared.dynamic.validate(attributes)
}

/** Where behind the proxy a request goes. */
function proxyOptions(info: RequestInfo): Record<string, unknown> {
  const path = splitProxyPath(info, info.path).rest
  return path === '' ? {} : { path }
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
