import { defineKind, subresource } from '../define-kind.ts'
import type { Kind } from '../kind.ts'

const core = 'io.k8s.api.core.v1'
const readWrite = ['get', 'patch', 'update']
const proxyVerbs = ['create', 'delete', 'get', 'patch', 'update']

const configMap = defineKind({
  kind: 'ConfigMap',
  resource: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  definition: `${core}.ConfigMap`,
})

const event = defineKind({
  kind: 'Event',
  resource: 'events',
  singular: 'event',
  shortNames: ['ev'],
  definition: `${core}.Event`,
  createOnUpdate: true,
})

const namespace = defineKind({
  kind: 'Namespace',
  resource: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  definition: `${core}.Namespace`,
  hasStatus: true,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [
    subresource('finalize', 'Namespace', ['update']),
    subresource('status', 'Namespace', readWrite),
  ],
})

const node = defineKind({
  kind: 'Node',
  resource: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  namespaced: false,
  definition: `${core}.Node`,
  hasStatus: true,
  subresources: [
    subresource('proxy', 'NodeProxyOptions', proxyVerbs),
    subresource('status', 'Node', readWrite),
  ],
})

const pod = defineKind({
  kind: 'Pod',
  resource: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  definition: `${core}.Pod`,
  hasStatus: true,
  countsGeneration: true,
  defaultGracePeriodSeconds: (object) => {
    const spec = object['spec'] as { terminationGracePeriodSeconds?: number } | undefined
    return spec?.terminationGracePeriodSeconds ?? 30
  },
  subresources: [
    subresource('attach', 'PodAttachOptions', ['create', 'get']),
    subresource('binding', 'Binding', ['create']),
    subresource('ephemeralcontainers', 'Pod', readWrite),
    subresource('eviction', 'Eviction', ['create'], 'policy'),
    subresource('exec', 'PodExecOptions', ['create', 'get']),
    subresource('log', 'Pod', ['get']),
    subresource('portforward', 'PodPortForwardOptions', ['create', 'get']),
    subresource('proxy', 'PodProxyOptions', proxyVerbs),
    subresource('resize', 'Pod', readWrite),
    subresource('status', 'Pod', readWrite),
  ],
})

const secret = defineKind({
  kind: 'Secret',
  resource: 'secrets',
  singular: 'secret',
  definition: `${core}.Secret`,
})

const serviceAccount = defineKind({
  kind: 'ServiceAccount',
  resource: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  definition: `${core}.ServiceAccount`,
  subresources: [subresource('token', 'TokenRequest', ['create'], 'authentication.k8s.io')],
})

const service = defineKind({
  kind: 'Service',
  resource: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  definition: `${core}.Service`,
  hasStatus: true,
  subresources: [
    subresource('proxy', 'ServiceProxyOptions', proxyVerbs),
    subresource('status', 'Service', readWrite),
  ],
})

/** The core group, `/api/v1`. */
export const coreKinds: readonly Kind[] = [
  configMap,
  event,
  namespace,
  node,
  pod,
  secret,
  serviceAccount,
  service,
]
