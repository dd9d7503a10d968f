import { isIP } from 'node:net'
import { limits } from '../../base/limits.ts'
import { statusError } from '../../base/status.ts'
import { parseStored } from '../../kinds/encode.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import type { Endpoint, EndpointSlice, Pod, Service } from '../../kinds/types.ts'
import type { ApiOptions, RequestInfo } from '../context.ts'
import { prefixEnd, resourcePrefix } from '../storage-keys.ts'
import { findKubelet, findObject } from '../subresources/pod-container.ts'

/** Where a proxied request goes. */
export interface ProxyTarget {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** A kubelet: it is shown this master's certificate, and must show one of the cluster's. */
  readonly isKubelet: boolean
  /** For a server that must show a certificate of its own authority, and be shown one. */
  readonly tls?: {
    readonly cert: string
    readonly key: string
    readonly servername: string
    readonly ca?: Buffer
    readonly rejectUnauthorized?: false
  }
}

/** `name`, `name:port` or `scheme:name:port`, as the path names pods, services and nodes. */
export interface ProxyName {
  readonly scheme: '' | 'http' | 'https'
  readonly name: string
  /** '' when the path leaves it open. */
  readonly port: string
}

/** PURE: apimachinery pkg/util/net/port_split.go; undefined for a text that is none of them. */
export function parseProxyName(text: string): ProxyName | undefined {
  const parts = text.split(':')
  const [first = '', second = '', third = ''] = parts
  const [scheme, name, port] =
    parts.length === 1
      ? ['', first, '']
      : parts.length === 2
        ? ['', first, second]
        : [first, second, third]
  if (parts.length > 3 || name === '') return undefined
  return scheme === '' || scheme === 'http' || scheme === 'https'
    ? { scheme, name, port }
    : undefined
}

/** Throws a refusal in Kubernetes' words (pkg/registry/core/{pod,service,node}/strategy.go). */
export async function proxyTarget(options: ApiOptions, info: RequestInfo): Promise<ProxyTarget> {
  const { resource } = info
  const named = parseProxyName(info.name)
  if (!named)
    throw statusError(
      'BadRequest',
      `invalid ${resource.replace(/s$/, '')} request ${JSON.stringify(info.name)}`,
    )
  if (resource === 'nodes') return nodeTarget(options, named)
  if (resource === 'pods') return podTarget(options, info.namespace, named)
  return serviceTarget(options, info.namespace, named)
}

async function nodeTarget(options: ApiOptions, named: ProxyName): Promise<ProxyTarget> {
  const { host, port } = await findKubelet(options, named.name)
  const asked = named.port === '' ? port : portNumber(named.port)
  // A plain name means the kubelet, whatever its port is.
  const isKubelet = asked === port
  const scheme = isKubelet ? 'https' : named.scheme || 'http'
  return { scheme, host, port: asked, isKubelet }
}

async function podTarget(
  options: ApiOptions,
  namespace: string,
  named: ProxyName,
): Promise<ProxyTarget> {
  const pod = (await findObject(options, 'pods', namespace, named.name)) as unknown as Pod
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? [])
  const port = named.port === '' ? (ports[0]?.containerPort ?? 80) : portNumber(named.port)
  const host = pod.status?.podIP ?? ''
  if (!mayReach(host)) throw statusError('BadRequest', 'address not allowed')
  return { scheme: named.scheme || 'http', host, port, isKubelet: false }
}

async function serviceTarget(
  options: ApiOptions,
  namespace: string,
  named: ProxyName,
): Promise<ProxyTarget> {
  const { name } = named
  const found = await findObject(options, 'services', namespace, name)
  const portName = namedPort(found as unknown as Service, named)
  const candidates = slicesOf(options, namespace, name).flatMap((slice) => {
    const port = (slice.ports ?? []).find((one) => (one.name ?? '') === portName)?.port
    if (port === undefined) return []
    return (slice.endpoints ?? [])
      .filter(isServing)
      .flatMap(({ addresses = [] }) => addresses.filter(mayReach).map((host) => ({ host, port })))
  })
  const chosen = candidates[options.random.integer(0, Math.max(1, candidates.length))]
  if (chosen) return { scheme: named.scheme || 'http', ...chosen, isKubelet: false }
  throw statusError(
    'ServiceUnavailable',
    `no endpoints available for service ${JSON.stringify(name)}`,
  )
}

/** Endpoints name a port as its Service does; the path may give the Service's number instead. */
function namedPort({ spec, metadata }: Service, { port }: ProxyName): string {
  if (!/^\d+$/.test(port)) return port
  const found = (spec?.ports ?? []).find((one) => one.port === Number(port))
  if (found) return found.name ?? ''
  throw statusError(
    'ServiceUnavailable',
    `no service port ${Number(port)} found for service ${JSON.stringify(metadata.name)}`,
  )
}

function isServing({ conditions }: Endpoint): boolean {
  return conditions?.ready ?? true
}

const serviceLabel = 'kubernetes.io/service-name'

function slicesOf({ store }: ApiOptions, namespace: string, service: string): EndpointSlice[] {
  const kind = kindOfResource('discovery.k8s.io', 'v1', 'endpointslices')
  if (!kind) return []
  const start = resourcePrefix(kind, namespace)
  const { items } = store.view.range(start, prefixEnd(start), {
    limit: limits.proxySlicesReadMax,
  })
  return items
    .map((item) => parseStored(item.value) as unknown as EndpointSlice)
    .filter((slice) => slice.metadata.labels?.[serviceLabel] === service)
}

function portNumber(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw statusError('BadRequest', `invalid port ${JSON.stringify(text)}`)
}

/**
 * Whether a pod may be at that address. A master must not be made to talk to itself or to the metadata
 * service of its host (apimachinery pkg/util/proxy IsProxyableIP). Simulated pods live in the upper
 * half of 127/8.
 */
export function mayReach(host: string): boolean {
  const family = isIP(host)
  if (family === 6) return !/^(::1?$|fe[89ab]|ff|::ffff:)/i.test(host)
  if (family !== 4) return false
  const [first = 0, second = 0] = host.split('.').map(Number)
  if (first === 127) return second >= 128
  return first !== 0 && first < 224 && !(first === 169 && second === 254)
}
