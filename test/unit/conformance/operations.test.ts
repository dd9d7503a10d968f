import { test } from 'node:test'
import { type Operations, supportsOperations } from './operations.ts'

const selector = { matchLabels: { app: 'e2e' } }
const template = {
  metadata: { labels: { app: 'e2e' } },
  spec: { containers: [{ name: 'c', image: 'web:1' }] },
}
const jobTemplate = { spec: { ...template.spec, restartPolicy: 'Never' } }
const condition = {
  ...{ type: 'StatusPatched', status: 'True', reason: 'E2E', message: 'Set by test' },
  lastTransitionTime: '2026-01-02T03:04:05Z',
}
const core = { root: '/api/v1', namespaced: true }
const apps = { root: '/apis/apps/v1', namespaced: true }
const admission = { root: '/apis/admissionregistration.k8s.io/v1', namespaced: false }
const storage = { root: '/apis/storage.k8s.io/v1', namespaced: false }
const resource = { root: '/apis/resource.k8s.io/v1', namespaced: true }
const flow = { root: '/apis/flowcontrol.apiserver.k8s.io/v1', namespaced: false }
const networking = { root: '/apis/networking.k8s.io/v1', namespaced: true }

const matchConstraints = {
  resourceRules: [
    {
      apiGroups: ['apps'],
      apiVersions: ['v1'],
      operations: ['CREATE'],
      resources: ['deployments'],
    },
  ],
}
const policyBinding = { policyName: 'some-policy' }
const hook = (name: string) => ({
  webhooks: [
    {
      name,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      clientConfig: { url: 'https://127.0.0.1:1/' },
      rules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['secrets'] },
      ],
    },
  ],
})

/** Certificate requests are checked to be some: this one is of a throw-away key. */
const request =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIck1JR1NBZ0VBTURBeEZUQVRCZ05WQkFvTURITjVjM1JsYlRwdWIyUmxjekVYTUJVR0ExVUVBd3dPYzNsegpkR1Z0T201dlpHVTZkekV3V1RBVEJnY3Foa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVEvRk0zeEpBOW1oa1VSCmVtMWR4WSs2L2hYTC9jdHFFL3lwYmttWnZHUldnZTRkMXFFSyt3RzlBb0lqTnRCSHN2dWg3R0tqQ3IxaHlZdEwKekYvbGFWQWpvQUF3Q2dZSUtvWkl6ajBFQXdJRFNBQXdSUUlnR3J6UFVUNTFuUTZmbTd4OW8zSDlMckhKcGZaNAo5VFhKRmVIZXkzdDFaRDhDSVFENXV0Q3ZwazVNUnZ4bUdCbXNGbUgwbmx3bEhWd2lSQkNoWk84ZXRxdElIQT09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo='

const named: Readonly<Record<string, Operations>> = {
  '[sig-api-machinery] API priority and fairness should support FlowSchema API operations [Conformance]':
    {
      ...{ ...flow, resource: 'flowschemas', kind: 'FlowSchema' },
      content: () => ({
        spec: {
          matchingPrecedence: 10_000,
          priorityLevelConfiguration: { name: 'global-default' },
        },
      }),
      status: { conditions: [{ ...condition, type: 'Dangling' }] },
    },
  '[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations [Conformance]':
    {
      ...{ ...flow, resource: 'prioritylevelconfigurations', kind: 'PriorityLevelConfiguration' },
      content: () => ({
        spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
      }),
      status: { conditions: [condition] },
    },
  '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] listing mutating webhooks should work [Conformance]':
    {
      ...{ ...admission, kind: 'MutatingWebhookConfiguration' },
      resource: 'mutatingwebhookconfigurations',
      content: (number) => hook(`mutate-${number}.example.com`),
    },
  '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] listing validating webhooks should work [Conformance]':
    {
      ...{ ...admission, kind: 'ValidatingWebhookConfiguration' },
      resource: 'validatingwebhookconfigurations',
      content: (number) => hook(`validate-${number}.example.com`),
    },
  '[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicy API operations [Conformance]':
    {
      ...{ ...admission, kind: 'MutatingAdmissionPolicy' },
      resource: 'mutatingadmissionpolicies',
      content: () => ({
        spec: {
          ...{ matchConstraints, reinvocationPolicy: 'IfNeeded' },
          mutations: [
            {
              patchType: 'ApplyConfiguration',
              applyConfiguration: {
                expression: 'Object{metadata: Object.metadata{labels: {"a": "b"}}}',
              },
            },
          ],
        },
      }),
    },
  '[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicyBinding API operations [Conformance]':
    {
      ...{ ...admission, kind: 'MutatingAdmissionPolicyBinding' },
      resource: 'mutatingadmissionpolicybindings',
      content: () => ({ spec: policyBinding }),
    },
  '[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations [Conformance]':
    {
      ...{ ...admission, kind: 'ValidatingAdmissionPolicy' },
      resource: 'validatingadmissionpolicies',
      content: () => ({
        spec: { matchConstraints, validations: [{ expression: 'object.spec.replicas <= 100' }] },
      }),
      status: { conditions: [condition] },
    },
  '[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations [Conformance]':
    {
      ...{ ...admission, kind: 'ValidatingAdmissionPolicyBinding' },
      resource: 'validatingadmissionpolicybindings',
      content: () => ({ spec: { ...policyBinding, validationActions: ['Deny'] } }),
    },
  '[sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota [Conformance]':
    {
      ...{ ...core, resource: 'resourcequotas', kind: 'ResourceQuota' },
      content: () => ({ spec: { hard: { cpu: '1', memory: '500Mi' } } }),
    },
  '[sig-api-machinery] ResourceQuota should apply changes to a resourcequota status [Conformance]':
    {
      ...{ ...core, resource: 'resourcequotas', kind: 'ResourceQuota' },
      content: () => ({ spec: { hard: { cpu: '500m' } } }),
      status: { hard: { cpu: '500m' }, used: { cpu: '0' } },
    },
  '[sig-apps] ControllerRevision [Serial] should manage the lifecycle of a ControllerRevision [Conformance]':
    {
      ...{ ...apps, resource: 'controllerrevisions', kind: 'ControllerRevision' },
      content: (number) => ({ revision: number, data: { spec: { a: 'b' } } }),
    },
  '[sig-apps] CronJob should support CronJob API operations [Conformance]': {
    ...{ root: '/apis/batch/v1', namespaced: true, resource: 'cronjobs', kind: 'CronJob' },
    content: () => ({
      spec: { schedule: '*/1 * * * *', jobTemplate: { spec: { template: jobTemplate } } },
    }),
    status: { lastScheduleTime: '2026-01-02T03:04:05Z' },
  },
  '[sig-apps] Daemon set [Serial] should list and delete a collection of DaemonSets [Conformance]':
    {
      ...{ ...apps, resource: 'daemonsets', kind: 'DaemonSet' },
      content: () => ({ spec: { selector, template } }),
    },
  '[sig-apps] Daemon set [Serial] should verify changes to a daemon set status [Conformance]': {
    ...{ ...apps, resource: 'daemonsets', kind: 'DaemonSet' },
    content: () => ({ spec: { selector, template } }),
    status: { conditions: [condition] },
  },
  '[sig-apps] Deployment should validate Deployment Status endpoints [Conformance]': {
    ...{ ...apps, resource: 'deployments', kind: 'Deployment' },
    content: () => ({ spec: { selector, template } }),
    status: { conditions: [condition] },
  },
  '[sig-apps] DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets [Conformance]':
    {
      ...{ root: '/apis/policy/v1', namespaced: true },
      ...{ resource: 'poddisruptionbudgets', kind: 'PodDisruptionBudget' },
      content: () => ({ spec: { selector, minAvailable: 1 } }),
    },
  '[sig-apps] DisruptionController should update/patch PodDisruptionBudget status [Conformance]': {
    ...{ root: '/apis/policy/v1', namespaced: true },
    ...{ resource: 'poddisruptionbudgets', kind: 'PodDisruptionBudget' },
    content: () => ({ spec: { selector, minAvailable: 1 } }),
    status: { disruptedPods: { pod: '2026-01-02T03:04:05Z' } },
  },
  '[sig-apps] Job should apply changes to a job status [Conformance]': {
    ...{ root: '/apis/batch/v1', namespaced: true, resource: 'jobs', kind: 'Job' },
    content: () => ({ spec: { template: jobTemplate } }),
    status: { startTime: '2026-01-02T03:04:05Z' },
  },
  '[sig-apps] ReplicaSet should list and delete a collection of ReplicaSets [Conformance]': {
    ...{ ...apps, resource: 'replicasets', kind: 'ReplicaSet' },
    content: () => ({ spec: { selector, template } }),
  },
  '[sig-apps] ReplicaSet should validate Replicaset Status endpoints [Conformance]': {
    ...{ ...apps, resource: 'replicasets', kind: 'ReplicaSet' },
    content: () => ({ spec: { selector, template } }),
    status: { conditions: [condition] },
  },
  '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch and delete a collection of StatefulSets [Conformance]':
    {
      ...{ ...apps, resource: 'statefulsets', kind: 'StatefulSet' },
      content: () => ({ spec: { selector, template, serviceName: 'test' } }),
    },
  '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should validate Statefulset Status endpoints [Conformance]':
    {
      ...{ ...apps, resource: 'statefulsets', kind: 'StatefulSet' },
      content: () => ({ spec: { selector, template, serviceName: 'test' } }),
      status: { replicas: 0, conditions: [condition] },
    },
  '[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations [Conformance]':
    {
      ...{ root: '/apis/certificates.k8s.io/v1', namespaced: false },
      ...{ resource: 'certificatesigningrequests', kind: 'CertificateSigningRequest' },
      content: () => ({
        spec: { request, signerName: 'example.com/e2e', usages: ['digital signature'] },
      }),
      status: { conditions: [{ ...condition, type: 'Failed' }] },
    },
  '[sig-network] EndpointSlice should support creating EndpointSlice API operations [Conformance]':
    {
      ...{ root: '/apis/discovery.k8s.io/v1', namespaced: true },
      ...{ resource: 'endpointslices', kind: 'EndpointSlice' },
      content: () => ({ addressType: 'IPv4', endpoints: [{ addresses: ['1.2.3.4'] }] }),
    },
  '[sig-network] Endpoints should test the lifecycle of an Endpoint [Conformance]': {
    ...{ ...core, resource: 'endpoints', kind: 'Endpoints' },
    content: () => ({ subsets: [{ addresses: [{ ip: '10.0.0.24' }], ports: [{ port: 80 }] }] }),
  },
  '[sig-network] Ingress API should support creating Ingress API operations [Conformance]': {
    ...{ ...networking, resource: 'ingresses', kind: 'Ingress' },
    content: () => ({
      spec: { defaultBackend: { service: { name: 'default-backend', port: { number: 80 } } } },
    }),
    status: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } },
  },
  '[sig-network] IngressClass API should support creating IngressClass API operations [Conformance]':
    {
      ...{ ...networking, namespaced: false, resource: 'ingressclasses', kind: 'IngressClass' },
      content: () => ({ spec: { controller: 'example.com/controller' } }),
    },
  '[sig-network] ServiceCIDR and IPAddress API should support IPAddress API operations [Conformance]':
    {
      ...{ ...networking, namespaced: false, resource: 'ipaddresses', kind: 'IPAddress' },
      name: (number) => `10.0.0.${number}`,
      content: (number) => ({
        spec: { parentRef: { resource: 'services', namespace: 'default', name: `s-${number}` } },
      }),
    },
  '[sig-network] ServiceCIDR and IPAddress API should support ServiceCIDR API operations [Conformance]':
    {
      ...{ ...networking, namespaced: false, resource: 'servicecidrs', kind: 'ServiceCIDR' },
      content: (number) => ({ spec: { cidrs: [`10.${number}.0.0/24`] } }),
      status: { conditions: [condition] },
    },
  '[sig-network] Services should delete a collection of services [Conformance]': {
    ...{ ...core, resource: 'services', kind: 'Service' },
    content: () => ({ spec: { ports: [{ port: 80 }], selector: { app: 'e2e' } } }),
  },
  '[sig-network] Services should complete a service status lifecycle [Conformance]': {
    ...{ ...core, resource: 'services', kind: 'Service' },
    content: () => ({ spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } }),
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] }, conditions: [condition] },
  },
  '[sig-node] ConfigMap should run through a ConfigMap lifecycle [Conformance]': {
    ...{ ...core, resource: 'configmaps', kind: 'ConfigMap' },
    content: () => ({ data: { valueName: 'value' } }),
  },
  '[sig-node] Lease lease API should be available [Conformance]': {
    ...{
      root: '/apis/coordination.k8s.io/v1',
      namespaced: true,
      resource: 'leases',
      kind: 'Lease',
    },
    content: () => ({
      spec: {
        ...{ holderIdentity: 'holder', leaseDurationSeconds: 30, leaseTransitions: 0 },
        ...{ acquireTime: '2026-01-02T03:04:05.000000Z', renewTime: '2026-01-02T03:04:10.000000Z' },
      },
    }),
  },
  '[sig-node] PodTemplates should run the lifecycle of PodTemplates [Conformance]': {
    ...{ ...core, resource: 'podtemplates', kind: 'PodTemplate' },
    content: () => ({ template }),
  },
  '[sig-node] PodTemplates should delete a collection of pod templates [Conformance]': {
    ...{ ...core, resource: 'podtemplates', kind: 'PodTemplate' },
    content: () => ({ template }),
  },
  '[sig-node] Pods should delete a collection of pods [Conformance]': {
    ...{ ...core, resource: 'pods', kind: 'Pod' },
    content: () => ({ spec: template.spec }),
  },
  '[sig-node] Pods should patch a pod status [Conformance]': {
    ...{ ...core, resource: 'pods', kind: 'Pod' },
    content: () => ({ spec: template.spec }),
    status: { message: 'Patched by test', reason: 'E2E' },
  },
  '[sig-node] RuntimeClass should support RuntimeClasses API operations [Conformance]': {
    ...{ root: '/apis/node.k8s.io/v1', namespaced: false },
    ...{ resource: 'runtimeclasses', kind: 'RuntimeClass' },
    content: () => ({ handler: 'my-handler' }),
  },
  '[sig-node] Secrets should patch a secret [Conformance]': {
    ...{ ...core, resource: 'secrets', kind: 'Secret' },
    content: () => ({ type: 'Opaque', data: { key: Buffer.from('value').toString('base64') } }),
  },
  '[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 DeviceClass [Conformance]': {
    ...{ ...resource, namespaced: false, resource: 'deviceclasses', kind: 'DeviceClass' },
    content: () => ({ spec: {} }),
  },
  '[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaim [Conformance]': {
    ...{ ...resource, resource: 'resourceclaims', kind: 'ResourceClaim' },
    content: () => ({
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } },
    }),
    status: {
      allocation: { allocationTimestamp: '2026-01-02T03:04:05Z' },
    },
  },
  '[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaimTemplate [Conformance]': {
    ...{ ...resource, resource: 'resourceclaimtemplates', kind: 'ResourceClaimTemplate' },
    content: () => ({
      spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } },
    }),
  },
  '[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceSlice [Conformance]': {
    ...{ ...resource, namespaced: false, resource: 'resourceslices', kind: 'ResourceSlice' },
    content: () => ({
      spec: {
        ...{ driver: 'dra.example.com', nodeName: 'w1' },
        pool: { name: 'pool', generation: 1, resourceSliceCount: 1 },
      },
    }),
  },
  '[sig-scheduling] LimitRange should list, patch and delete a LimitRange by collection [Conformance]':
    {
      ...{ ...core, resource: 'limitranges', kind: 'LimitRange' },
      content: () => ({ spec: { limits: [{ type: 'Pod', max: { cpu: '4' } }] } }),
    },
  '[sig-storage] CSIInlineVolumes should run through the lifecycle of a CSIDriver [Conformance]': {
    ...{ ...storage, resource: 'csidrivers', kind: 'CSIDriver' },
    content: () => ({ spec: { volumeLifecycleModes: ['Ephemeral'] } }),
  },
  '[sig-storage] CSINodes CSI Conformance should run through the lifecycle of a csinode [Conformance]':
    {
      ...{ ...storage, resource: 'csinodes', kind: 'CSINode' },
      content: () => ({ spec: { drivers: [] } }),
    },
  '[sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations [Conformance]':
    {
      ...{ ...storage, namespaced: true, resource: 'csistoragecapacities' },
      ...{ kind: 'CSIStorageCapacity', content: () => ({ storageClassName: 'fast' }) },
    },
  '[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC [Conformance]':
    {
      ...{ ...core, resource: 'persistentvolumeclaims', kind: 'PersistentVolumeClaim' },
      content: () => ({
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      }),
    },
  '[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status [Conformance]':
    {
      ...{ ...core, resource: 'persistentvolumeclaims', kind: 'PersistentVolumeClaim' },
      content: () => ({
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      }),
      status: { conditions: [condition] },
    },
  '[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass [Conformance]':
    {
      ...{ ...storage, resource: 'storageclasses', kind: 'StorageClass' },
      content: () => ({ provisioner: 'example.com/provisioner' }),
    },
  '[sig-storage] VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment [Conformance]':
    {
      ...{ ...storage, resource: 'volumeattachments', kind: 'VolumeAttachment' },
      content: () => ({
        spec: { attacher: 'example.com', nodeName: 'w1', source: { persistentVolumeName: 'pv' } },
      }),
    },
  '[sig-storage] VolumeAttachment Conformance should apply changes to a volumeattachment status [Conformance]':
    {
      ...{ ...storage, resource: 'volumeattachments', kind: 'VolumeAttachment' },
      content: () => ({
        spec: { attacher: 'example.com', nodeName: 'w1', source: { persistentVolumeName: 'pv' } },
      }),
      status: { attached: true },
    },
  '[sig-storage] VolumeAttributesClass [FeatureGate:VolumeAttributesClass] should run through the lifecycle of a VolumeAttributesClass [Conformance]':
    {
      ...{ ...storage, resource: 'volumeattributesclasses', kind: 'VolumeAttributesClass' },
      content: () => ({ driverName: 'example.com', parameters: { a: 'b' } }),
    },
}

for (const [title, operations] of Object.entries(named))
  test(title, () => supportsOperations(operations))
