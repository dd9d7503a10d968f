import type {
  EndpointConditions,
  EndpointSlice,
  Service,
  ServiceSpec,
} from '../../../src/kinds/types.ts'

export function service(name: string, clusterIP: string, spec: Partial<ServiceSpec> = {}): Service {
  return {
    metadata: { name, namespace: 'default' },
    spec: { clusterIP, ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }], ...spec },
  }
}

export type EndpointShape = { ip: string; node?: string } & EndpointConditions

export function slice(
  serviceName: string,
  endpoints: EndpointShape[],
  port: { name?: string; port?: number; protocol?: string } = {},
): EndpointSlice {
  return {
    metadata: {
      name: `${serviceName}-abc`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': serviceName },
    },
    addressType: 'IPv4',
    endpoints: endpoints.map(({ ip, node, ...conditions }) => ({
      addresses: [ip],
      conditions,
      ...(node ? { nodeName: node } : {}),
    })),
    ports: [{ name: '', port: 8080, protocol: 'TCP', ...port }],
  }
}
