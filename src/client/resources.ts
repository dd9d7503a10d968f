import type {
  CertificateSigningRequest,
  ClusterRole,
  ConfigMap,
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  Event,
  Job,
  Lease,
  Namespace,
  Node,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
} from '../kinds/types.ts'
import type { Client, ResourceClient, ResourcePath } from './typed.ts'

/** Where each kind that this project's own components use lives in the API. */
export const paths = {
  pods: path('', 'v1', 'pods', true),
  nodes: path('', 'v1', 'nodes', false),
  services: path('', 'v1', 'services', true),
  endpoints: path('', 'v1', 'endpoints', true),
  endpointSlices: path('discovery.k8s.io', 'v1', 'endpointslices', true),
  configMaps: path('', 'v1', 'configmaps', true),
  secrets: path('', 'v1', 'secrets', true),
  serviceAccounts: path('', 'v1', 'serviceaccounts', true),
  namespaces: path('', 'v1', 'namespaces', false),
  events: path('', 'v1', 'events', true),
  leases: path('coordination.k8s.io', 'v1', 'leases', true),
  jobs: path('batch', 'v1', 'jobs', true),
  cronJobs: path('batch', 'v1', 'cronjobs', true),
  deployments: path('apps', 'v1', 'deployments', true),
  clusterRoles: path('rbac.authorization.k8s.io', 'v1', 'clusterroles', false),
  podDisruptionBudgets: path('policy', 'v1', 'poddisruptionbudgets', true),
  resourceQuotas: path('', 'v1', 'resourcequotas', true),
  replicationControllers: path('', 'v1', 'replicationcontrollers', true),
  replicaSets: path('apps', 'v1', 'replicasets', true),
  daemonSets: path('apps', 'v1', 'daemonsets', true),
  statefulSets: path('apps', 'v1', 'statefulsets', true),
  controllerRevisions: path('apps', 'v1', 'controllerrevisions', true),
  persistentVolumeClaims: path('', 'v1', 'persistentvolumeclaims', true),
  apiServices: path('apiregistration.k8s.io', 'v1', 'apiservices', false),
  validatingAdmissionPolicies: path(
    'admissionregistration.k8s.io',
    'v1',
    'validatingadmissionpolicies',
    false,
  ),
  customResourceDefinitions: path('apiextensions.k8s.io', 'v1', 'customresourcedefinitions', false),
  certificateSigningRequests: path(
    'certificates.k8s.io',
    'v1',
    'certificatesigningrequests',
    false,
  ),
} as const

export const pods = (client: Client): ResourceClient<Pod> => client.resource(paths.pods)
export const nodes = (client: Client): ResourceClient<Node> => client.resource(paths.nodes)
export const services = (client: Client): ResourceClient<Service> => client.resource(paths.services)
export const endpoints = (client: Client): ResourceClient<Endpoints> =>
  client.resource(paths.endpoints)
export const endpointSlices = (client: Client): ResourceClient<EndpointSlice> =>
  client.resource(paths.endpointSlices)
export const configMaps = (client: Client): ResourceClient<ConfigMap> =>
  client.resource(paths.configMaps)
export const secrets = (client: Client): ResourceClient<Secret> => client.resource(paths.secrets)
export const serviceAccounts = (client: Client): ResourceClient<ServiceAccount> =>
  client.resource(paths.serviceAccounts)
export const namespaces = (client: Client): ResourceClient<Namespace> =>
  client.resource(paths.namespaces)
export const events = (client: Client): ResourceClient<Event> => client.resource(paths.events)
export const leases = (client: Client): ResourceClient<Lease> => client.resource(paths.leases)
export const deployments = (client: Client): ResourceClient<Deployment> =>
  client.resource(paths.deployments)
export const clusterRoles = (client: Client): ResourceClient<ClusterRole> =>
  client.resource(paths.clusterRoles)
export const podDisruptionBudgets = (client: Client): ResourceClient<PodDisruptionBudget> =>
  client.resource(paths.podDisruptionBudgets)
export const resourceQuotas = (client: Client): ResourceClient<ResourceQuota> =>
  client.resource(paths.resourceQuotas)
export const jobs = (client: Client): ResourceClient<Job> => client.resource(paths.jobs)
export const cronJobs = (client: Client): ResourceClient<CronJob> => client.resource(paths.cronJobs)
export const replicaSets = (client: Client): ResourceClient<ReplicaSet> =>
  client.resource(paths.replicaSets)
export const daemonSets = (client: Client): ResourceClient<DaemonSet> =>
  client.resource(paths.daemonSets)
export const statefulSets = (client: Client): ResourceClient<StatefulSet> =>
  client.resource(paths.statefulSets)
export const controllerRevisions = (client: Client): ResourceClient<ControllerRevision> =>
  client.resource(paths.controllerRevisions)
export const persistentVolumeClaims = (client: Client): ResourceClient<PersistentVolumeClaim> =>
  client.resource(paths.persistentVolumeClaims)

export const certificateSigningRequests = (
  client: Client,
): ResourceClient<CertificateSigningRequest> => client.resource(paths.certificateSigningRequests)

/**
 * The URL path of a resource, or of one object when `name` is given.
 * Every part is escaped: a name can never reach another resource.
 */
export function resourceUrl(
  path: ResourcePath,
  namespace: string | undefined,
  name?: string,
  subresource?: string,
): string {
  const root = path.group === '' ? `/api/${path.version}` : `/apis/${path.group}/${path.version}`
  const parts = [root]
  if (path.namespaced && namespace) parts.push('namespaces', encodeURIComponent(namespace))
  parts.push(path.resource)
  if (name !== undefined) parts.push(encodeURIComponent(name))
  if (subresource !== undefined) parts.push(encodeURIComponent(subresource))
  return parts.join('/')
}

function path(
  group: string,
  version: string,
  resource: string,
  namespaced: boolean,
): Readonly<ResourcePath> {
  return Object.freeze({ group, version, resource, namespaced })
}
