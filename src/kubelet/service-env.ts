import type { Pod, Service, ServicePort } from '../kinds/types.ts'

/** The Services that this kubelet knows of. */
export interface ServiceSource {
  /** Resolves when the first list is in. */
  readonly synced: Promise<void>
  inNamespace(namespace: string): readonly Service[]
}

/**
 * The variables by which a pod's programs find services: those of its namespace unless it wants none, and
 * always what `common` has, the API's (kubelet_pods.go getServiceEnvVarMap).
 */
export async function serviceEnvOf(
  pod: Pod,
  source: ServiceSource | undefined,
  common: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  if (!source || pod.spec?.enableServiceLinks === false) return common
  await source.synced
  const services = source.inNamespace(pod.metadata.namespace ?? 'default')
  return new Map([...common, ...services.flatMap((service) => [...serviceVariables(service)])])
}

/** PURE. What Docker's links were called, too (pkg/kubelet/envvars). Nothing for a headless service. */
export function serviceVariables({ metadata, spec }: Service): ReadonlyMap<string, string> {
  const { clusterIP = '', ports = [] } = spec ?? {}
  const variables = new Map<string, string>()
  const [first] = ports
  if (!first || clusterIP === '' || clusterIP === 'None') return variables
  const name = variableName(metadata.name ?? '')
  const host = clusterIP.includes(':') ? `[${clusterIP}]` : clusterIP
  const protocolOf = ({ protocol }: ServicePort) => (protocol ?? 'TCP').toLowerCase()
  const urlOf = (port: ServicePort) => `${protocolOf(port)}://${host}:${port.port}`
  variables.set(`${name}_SERVICE_HOST`, clusterIP)
  variables.set(`${name}_SERVICE_PORT`, String(first.port))
  for (const port of ports)
    if (port.name)
      variables.set(`${name}_SERVICE_PORT_${variableName(port.name)}`, String(port.port))
  variables.set(`${name}_PORT`, urlOf(first))
  for (const port of ports) {
    const prefix = `${name}_PORT_${port.port}_${protocolOf(port).toUpperCase()}`
    variables.set(prefix, urlOf(port))
    variables.set(`${prefix}_PROTO`, protocolOf(port))
    variables.set(`${prefix}_PORT`, String(port.port))
    variables.set(`${prefix}_ADDR`, clusterIP)
  }
  return variables
}

/** Those of the Service by which pods find the API. */
export function kubernetesServiceEnv(address: string, port = 443): ReadonlyMap<string, string> {
  return serviceVariables({
    metadata: { name: 'kubernetes' },
    spec: { clusterIP: address, ports: [{ name: 'https', port }] },
  })
}

function variableName(text: string): string {
  return text.toUpperCase().replaceAll('-', '_')
}
