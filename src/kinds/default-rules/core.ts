import type { AnyObject } from '../kind.ts'
import type {
  Container,
  DeploymentStrategy,
  LimitRangeItem,
  Node,
  NodeSpec,
  Pod,
  PodSpec,
  PodStatus,
  ReplicationController,
  Secret,
  ServicePort,
  ServiceSpec,
  Volume,
} from '../types.ts'
import type { DefaultRules } from './default-rule.ts'

/**
 * The core group, and deployments (pkg/apis/core/v1/defaults.go, pkg/apis/apps/v1/defaults.go), and
 * fields that say the same twice (pkg/apis/core/v1/conversion.go).
 */
export const coreRules: DefaultRules = [
  ['Container', defaultPullPolicy],
  ['EphemeralContainer', defaultPullPolicy],
  ['Volume', defaultVolumeSource],
  ['Pod', defaultPod],
  ['PodSpec', pairAccountNames],
  ['PodStatus', pairAddresses],
  ['ServiceSpec', defaultServiceSpec],
  ['ServicePort', defaultTargetPort],
  ['DeploymentStrategy', defaultStrategy],
  ['Namespace', defaultNamespace],
  ['Secret', mergeStringData],
  ['Node', defaultAllocatable],
  ['NodeSpec', pairNetworks],
  ['ReplicationController', defaultController],
  ['LimitRangeItem', defaultLimits],
]

const sessionAffinitySeconds = 3 * 60 * 60

/** Images that can change under their name are pulled each time. */
function defaultPullPolicy(container: Container): void {
  container.imagePullPolicy ??= isMovingImage(container.image ?? '') ? 'Always' : 'IfNotPresent'
}

/** True for the tag `latest`, named or implied. A digest never moves. */
function isMovingImage(image: string): boolean {
  const lastSlash = image.lastIndexOf('/')
  const [name = '', digest] = image.slice(lastSlash + 1).split('@')
  const [repository = '', tag] = name.split(':')
  // What no registry can hold has no tag either (pkg/util/parsers ParseImageName).
  if (!/^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/.test(repository)) return false
  return tag === undefined ? digest === undefined : tag === 'latest'
}

function defaultVolumeSource(volume: Volume): void {
  if (Object.keys(volume).every((field) => field === 'name')) volume.emptyDir = {}
}

function defaultPod(pod: Pod): void {
  const { spec } = pod
  if (!spec) return
  // Of a pod, not of a template (pkg/apis/core/v1/conversion.go).
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1
  spec.enableServiceLinks ??= true
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  for (const container of containers) {
    defaultRequests(container)
    if (spec.hostNetwork)
      for (const port of container.ports ?? []) port.hostPort ??= port.containerPort
  }
}

/** The older name of the field says the same, in templates as in pods; the newer one counts. */
function pairAccountNames(spec: PodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount
  if (!name) return
  spec.serviceAccountName = name
  spec.serviceAccount = name
}

/** One address is the first of several. Who writes two different ones means the single field. */
function pairAddresses(status: PodStatus): void {
  const [pod] = status.podIPs ?? []
  if (status.podIP && status.podIP !== pod?.ip) status.podIPs = [{ ip: status.podIP }]
  else if (pod?.ip) status.podIP = pod.ip
}

function pairNetworks(spec: NodeSpec): void {
  const [first] = spec.podCIDRs ?? []
  if (spec.podCIDR && spec.podCIDR !== first) spec.podCIDRs = [spec.podCIDR]
  else if (first) spec.podCIDR = first
}

/** Whoever sets a limit alone requests just as much. */
function defaultRequests(container: Container): void {
  const { limits } = container.resources ?? {}
  if (!container.resources || !limits) return
  const requests: Record<string, string> = Object.create(null)
  Object.assign(requests, container.resources.requests)
  for (const [name, amount] of Object.entries(limits)) requests[name] ??= amount
  if (Object.keys(requests).length > 0) container.resources.requests = requests
}

function defaultServiceSpec(spec: ServiceSpec): void {
  const external = spec.type === 'ExternalName'
  const published = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  if (spec.sessionAffinity === 'ClientIP') {
    spec.sessionAffinityConfig ??= {}
    spec.sessionAffinityConfig.clientIP ??= {}
    spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= sessionAffinitySeconds
  } else if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  const isReached = published || (!external && (spec.externalIPs ?? []).length > 0)
  if (isReached) spec.externalTrafficPolicy ??= 'Cluster'
  if (!external) spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
}

function defaultTargetPort(port: ServicePort): void {
  if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '')
    port.targetPort = port.port
}

function defaultStrategy(strategy: DeploymentStrategy): void {
  if (strategy.type === 'RollingUpdate') strategy.rollingUpdate ??= {}
}

/** Lets a namespaceSelector find a namespace by its name. */
function defaultNamespace(namespace: AnyObject): void {
  const { metadata } = namespace
  if (metadata.name === undefined) return
  metadata.labels ??= Object.create(null) as Record<string, string>
  metadata.labels['kubernetes.io/metadata.name'] = metadata.name
}

function defaultAllocatable(node: Node): void {
  const { status } = node
  if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity }
}

/** Selector and labels of a replication controller are those of its pods, unless named. */
function defaultController({ metadata, spec }: ReplicationController): void {
  const labels = spec?.template?.metadata?.labels
  if (!spec || !labels || Object.keys(labels).length === 0) return
  spec.selector ??= { ...labels }
  metadata.labels ??= { ...labels }
}

/** Containers: the most is the default limit, that the default request, and the least otherwise. */
function defaultLimits(item: LimitRangeItem): void {
  if (item.type !== 'Container') return
  const limits = filled(item.default, item.max)
  const requests = filled(filled(item.defaultRequest, limits), item.min)
  if (Object.keys(limits).length > 0) item.default = limits
  if (Object.keys(requests).length > 0) item.defaultRequest = requests
}

type Amounts = Record<string, string>

function filled(amounts: Amounts | undefined, from: Amounts | undefined): Amounts {
  const result: Amounts = Object.create(null)
  return Object.assign(result, from, amounts)
}

/** stringData is for writing only: it ends up in data, over what data says (pkg/apis/core/v1/conversion.go). */
function mergeStringData(secret: Secret): void {
  const written = secret.stringData
  if (!written) return
  const data = Object.assign(Object.create(null), secret.data) as Record<string, string>
  for (const [key, value] of Object.entries(written))
    data[key] = Buffer.from(value, 'utf8').toString('base64')
  secret.data = data
  delete secret.stringData
}
