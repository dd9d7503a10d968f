import { defineKind, subresource } from '../define-kind.ts'
import type { Kind } from '../kind.ts'

const readWrite = ['get', 'patch', 'update']

const deployment = defineKind({
  group: 'apps',
  kind: 'Deployment',
  resource: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  definition: 'io.k8s.api.apps.v1.Deployment',
  hasStatus: true,
  countsGeneration: true,
  subresources: [
    subresource('scale', 'Scale', readWrite, 'autoscaling'),
    subresource('status', 'Deployment', readWrite),
  ],
})

const replicaSet = defineKind({
  group: 'apps',
  kind: 'ReplicaSet',
  resource: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  definition: 'io.k8s.api.apps.v1.ReplicaSet',
  hasStatus: true,
  countsGeneration: true,
  subresources: [
    subresource('scale', 'Scale', readWrite, 'autoscaling'),
    subresource('status', 'ReplicaSet', readWrite),
  ],
})

const lease = defineKind({
  group: 'coordination.k8s.io',
  kind: 'Lease',
  resource: 'leases',
  singular: 'lease',
  definition: 'io.k8s.api.coordination.v1.Lease',
  unconditionalUpdate: false,
  createOnUpdate: true,
})

const endpointSlice = defineKind({
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  singular: 'endpointslice',
  definition: 'io.k8s.api.discovery.v1.EndpointSlice',
  countsGeneration: true,
})

/** The groups apps, coordination.k8s.io and discovery.k8s.io. */
export const workloadKinds: readonly Kind[] = [deployment, replicaSet, lease, endpointSlice]
