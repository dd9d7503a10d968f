import type { ConfigMap, Container, EnvVar, Pod, Secret } from '../kinds/types.ts'
import { inUnitsOf, milliCpu, wholeBytes } from './quantity.ts'

/** Everything outside the pod's own spec that its containers' settings may name. */
export interface PodSurroundings {
  readonly configMaps: ReadonlyMap<string, ConfigMap>
  readonly secrets: ReadonlyMap<string, Secret>
  readonly nodeName: string
  readonly hostIp: string
  /** Undefined until the sandbox has one. */
  readonly podIp: string | undefined
  /** What a container without a limit may use at most. */
  readonly allocatable: { readonly cpuCores: number; readonly memoryBytes: number }
  /** Variables that are there before the pod's own, such as the API's address. */
  readonly serviceEnv: ReadonlyMap<string, string>
}

/** The spec names something that is not there: the container waits with CreateContainerConfigError. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** The environment of a container (kubelet_pods.go makeEnvironmentVariables): envFrom, then env. */
export function containerEnv(
  pod: Pod,
  container: Container,
  around: PodSurroundings,
): ReadonlyMap<string, string> {
  const env = new Map<string, string>()
  for (const source of container.envFrom ?? []) {
    const prefix = source.prefix ?? ''
    // Any key of a ConfigMap or Secret may name a variable (IsRelaxedEnvVarName).
    for (const [key, value] of envFromEntries(source, around)) env.set(prefix + key, value)
  }
  // The pod's own variables may name the services' variables, but are never replaced by them.
  for (const variable of container.env ?? []) {
    const known = (name: string) => env.get(name) ?? around.serviceEnv.get(name)
    const value = variable.valueFrom
      ? valueFrom(pod, container, variable, around)
      : expandReferences(variable.value ?? '', known)
    if (value !== undefined) env.set(variable.name, value)
  }
  const all = new Map(around.serviceEnv)
  for (const [name, value] of env) all.set(name, value)
  return all
}

/**
 * `$(NAME)` becomes the variable's value, `$$(NAME)` the text `$(NAME)`; an unknown name stays as it
 * is written (third_party/forked/golang/expansion).
 */
export function expandReferences(
  text: string,
  lookUp: (name: string) => string | undefined,
): string {
  return text.replace(/\$(\$|\(([^()]*)\))/g, (whole, dollarOrGroup: string, name: string) =>
    dollarOrGroup === '$' ? '$' : (lookUp(name) ?? whole),
  )
}

function envFromEntries(
  source: NonNullable<Container['envFrom']>[number],
  around: PodSurroundings,
): Iterable<[string, string]> {
  if (source.configMapRef) {
    const { name = '', optional } = source.configMapRef
    const found = around.configMaps.get(name)
    if (!found && !optional) throw new ConfigError(`configmap "${name}" not found`)
    return Object.entries(found?.data ?? {})
  }
  if (source.secretRef) {
    const { name = '', optional } = source.secretRef
    const found = around.secrets.get(name)
    if (!found && !optional) throw new ConfigError(`secret "${name}" not found`)
    return Object.entries(found?.data ?? {}).map(([key, value]) => [key, decodeBase64(value)])
  }
  return []
}

function valueFrom(
  pod: Pod,
  container: Container,
  variable: EnvVar,
  around: PodSurroundings,
): string | undefined {
  const from = variable.valueFrom ?? {}
  if (from.fieldRef) return podField(pod, from.fieldRef.fieldPath, around)
  if (from.resourceFieldRef) return resourceField(pod, container, from.resourceFieldRef, around)
  if (from.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef
    const data = around.configMaps.get(name)
    return keyOf('configmap', name, key, optional, data !== undefined, own(data?.data, key))
  }
  if (from.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef
    const data = around.secrets.get(name)
    const value = own(data?.data, key)
    const decoded = value === undefined ? undefined : decodeBase64(value)
    return keyOf('secret', name, key, optional, data !== undefined, decoded)
  }
  throw new ConfigError(`variable ${variable.name} has a source that this kubelet does not know`)
}

function keyOf(
  kind: string,
  name: string,
  key: string,
  optional: boolean | undefined,
  exists: boolean,
  value: string | undefined,
): string | undefined {
  if (value !== undefined || optional) return value
  if (!exists) throw new ConfigError(`${kind} "${name}" not found`)
  throw new ConfigError(`couldn't find key ${key} in ${kind} ${name}`)
}

/** A field of the pod by its downward API path (pkg/fieldpath). Throws ConfigError for others. */
export function podField(pod: Pod, path: string, around: PodSurroundings): string {
  const { metadata, spec } = pod
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path)
  if (keyed) {
    const map = keyed[1] === 'labels' ? metadata.labels : metadata.annotations
    return own(map, keyed[2] ?? '') ?? ''
  }
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? ''
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid ?? ''
    case 'metadata.labels':
      return quotedLines(metadata.labels)
    case 'metadata.annotations':
      return quotedLines(metadata.annotations)
    case 'spec.nodeName':
      return around.nodeName
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? 'default'
    case 'status.hostIP':
    case 'status.hostIPs':
      return around.hostIp
    case 'status.podIP':
    case 'status.podIPs':
      return spec?.hostNetwork ? around.hostIp : (around.podIp ?? '')
    default:
      throw new ConfigError(`field path ${path} is not supported`)
  }
}

/** A limit or request of a container of the pod, in units of the divisor. */
export function resourceField(
  pod: Pod,
  own: Container | undefined,
  ref: {
    readonly containerName?: string | undefined
    readonly resource: string
    readonly divisor?: string | undefined
  },
  around: PodSurroundings,
): string {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  const container = ref.containerName ? all.find((one) => one.name === ref.containerName) : own
  if (!container) throw new ConfigError(`container ${ref.containerName ?? ''} not found`)
  const [list, name = ''] = ref.resource.split('.', 2)
  const { limits, requests } = container.resources ?? {}
  const quantity = (list === 'limits' ? limits : requests)?.[name]
  switch (name) {
    case 'cpu': {
      const unlimited = list === 'limits' ? around.allocatable.cpuCores * 1000 : 0
      return inUnitsOf(quantity ? milliCpu(quantity) : unlimited, ref.divisor)
    }
    case 'memory': {
      const unlimited = list === 'limits' ? around.allocatable.memoryBytes : 0
      return inUnitsOf(1000 * (quantity ? wholeBytes(quantity) : unlimited), ref.divisor)
    }
    case 'ephemeral-storage':
      return inUnitsOf(1000 * wholeBytes(quantity), ref.divisor)
    default:
      throw new ConfigError(`resource ${ref.resource} is not supported`)
  }
}

function quotedLines(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')
}

function decodeBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8')
}

/** The value under a key that users chose: nothing inherited. */
function own(map: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return map && Object.hasOwn(map, key) ? map[key] : undefined
}
