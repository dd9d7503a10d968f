import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pods } from '../../../src/client/resources.ts'
import type { Pod, ResourceRequirements } from '../../../src/kinds/types.ts'
import { desiredResources } from '../../../src/kubelet/desired.ts'
import { nothingObserved, observePods } from '../../../src/kubelet/observe.ts'
import { computePodActions, type PlanInput } from '../../../src/kubelet/plan.ts'
import { allocate, resizeConditions, withAllocated } from '../../../src/kubelet/resize/resize.ts'
import { RuntimeError } from '../../../src/kubelet/runtime/runtime.ts'
import { openKubeletCluster } from './cluster.ts'
import { containerOf, noVerdicts, podOf, sandboxOf, stateOf } from './pods.ts'

const small = { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '200m' } }
const large = { requests: { cpu: '200m', memory: '32Mi' }, limits: { cpu: '400m' } }
const room = { cpuCores: 2, memoryBytes: 1024 ** 3 }
const nobody = () => []

const podWith = (resources: ResourceRequirements, name = 'web'): Pod =>
  podOf({ containers: [containerOf('main', { resources })] }, name)

function told(pod: Pod, resources: ResourceRequirements): Pod {
  const status = { name: 'main', image: '', imageID: '', ready: true, restartCount: 0, resources }
  return { ...pod, status: { phase: 'Running', containerStatuses: [status] } }
}

const sizeOf = (pod: Pod) => pod.spec?.containers[0]?.resources

describe('what a node sets aside for a pod', () => {
  test('a new pod has what it asks for, a resized one as soon as there is room', () => {
    assert.deepEqual(allocate(podWith(small), undefined, nobody, room).resources.get('main'), small)
    const grown = allocate(told(podWith(large), small), undefined, nobody, room)
    assert.deepEqual([grown.resources.get('main'), grown.pending], [large, undefined])
  })

  test('beyond the node it never gets it, beyond what others leave not yet', () => {
    const huge = { requests: { cpu: '3', memory: '32Mi' } }
    const infeasible = allocate(told(podWith(huge), small), undefined, nobody, room)
    assert.deepEqual(infeasible.resources.get('main'), small)
    assert.deepEqual(infeasible.pending, {
      reason: 'Infeasible',
      message: "Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000",
    })
    const other = told(podWith({ requests: { cpu: '1900m' } }, 'other'), {
      requests: { cpu: '1900m' },
    })
    const pod = told(podWith(large), small)
    const deferred = allocate(pod, undefined, () => [other], room)
    assert.deepEqual(deferred.resources.get('main'), small)
    assert.equal(
      deferred.pending?.message,
      "Node didn't have enough resource: cpu, requested: 200, used: 1900, capacity: 2000",
    )
    assert.deepEqual(sizeOf(withAllocated(pod, deferred.resources)), small)
    const over = { ...other, status: { ...other.status, phase: 'Succeeded' } }
    assert.equal(allocate(pod, deferred.resources, () => [over], room).pending, undefined)
  })

  test('what was set aside once is not taken back because others grew', () => {
    const pod = told(podWith(large), small)
    const { resources } = allocate(pod, undefined, nobody, room)
    const other = podWith({ requests: { cpu: '2' } }, 'other')
    const again = allocate(pod, resources, () => [other], room)
    assert.deepEqual([again.resources.get('main'), again.pending], [large, undefined])
  })

  test('conditions tell what is pending and what is under way', () => {
    const pending = { reason: 'Deferred' as const, message: 'full' }
    assert.deepEqual(resizeConditions(pending, true, 'refused', 4), [
      { type: 'PodResizePending', status: 'True', ...pending, observedGeneration: 4 },
      {
        ...{ type: 'PodResizeInProgress', status: 'True', observedGeneration: 4 },
        ...{ reason: 'Error', message: 'refused' },
      },
    ])
    assert.deepEqual(resizeConditions(undefined, false, undefined, 4), [])
  })
})

describe('plan of a resize', () => {
  const planOf = (pod: Pod, had: ResourceRequirements, more: Partial<PlanInput> = {}) => {
    const container = pod.spec?.containers[0] ?? containerOf('main')
    const resources = desiredResources(podWith(had), { ...container, resources: had })
    const state = stateOf(pod, container, { resources })
    const identity = sandboxOf(pod).pod
    const snapshot = { sandboxes: [sandboxOf(pod)], containers: [state] }
    return computePodActions({
      ...{ pod, nowMs: 5_000, backoff: new Map(), heldUntilMs: new Map(), probes: noVerdicts },
      ...{ killing: new Map(), ending: undefined },
      observed: observePods(snapshot).get(identity.uid) ?? nothingObserved(identity),
      ...more,
    })
  }

  test('a running container is resized in place, once, and not while the engine refuses', () => {
    const pod = podWith(large)
    const [action, ...more] = planOf(pod, small).actions
    assert.deepEqual([action?.do, more], ['resizeContainer', []])
    const { cpuShares, cpuQuotaMicros } =
      action?.do === 'resizeContainer' ? action.resources : assert.fail('no resize')
    assert.deepEqual([cpuShares, cpuQuotaMicros], [204, 40_000])
    assert.deepEqual(planOf(pod, large).actions, [])
    const held = planOf(pod, small, { resizeHeldUntilMs: new Map([['main', 9_000]]) })
    assert.deepEqual([held.actions, held.wakeAtMs], [[], 9_000])
  })

  test('it is restarted where the policy of a resource that changes wants it', () => {
    const policyOf = (resourceName: string) => [
      { resourceName, restartPolicy: 'RestartContainer' as const },
    ]
    const withPolicy = (resourceName: string) =>
      podOf({
        containers: [
          containerOf('main', { resources: large, resizePolicy: policyOf(resourceName) }),
        ],
      })
    const actions = (resourceName: string) =>
      planOf(withPolicy(resourceName), small).actions.map((one) =>
        one.do === 'killContainer' ? `${one.do} ${one.why}` : one.do,
      )
    assert.deepEqual(actions('cpu'), ['killContainer resized'])
    assert.deepEqual(actions('memory'), ['resizeContainer'], 'the cpu alone changes')
  })
})

test('the kubelet resizes what runs, tells it, and says what it cannot', async () => {
  const cluster = await openKubeletCluster()
  try {
    const runtime = cluster.sim()
    await cluster.kubelet(runtime)
    const server = containerOf('main', { image: 'kijabi/web:1', resources: small })
    await cluster.create('web', {
      containers: [{ ...server, ports: [{ containerPort: 18_091 }] }],
    })
    const running = await cluster.podUntil('web', 'running', ({ status }) =>
      Boolean(status?.containerStatuses?.[0]?.resources),
    )
    assert.deepEqual(running.status?.containerStatuses?.[0]?.resources, small)
    const resize = (resources: ResourceRequirements) =>
      pods(cluster.client).patch(
        ...(['default', 'web', 'application/strategic-merge-patch+json'] as const),
        { spec: { containers: [{ name: 'main', resources }] } },
        { subresource: 'resize' },
      )
    const { generation } = (await resize(large)).metadata
    const resized = await cluster.podUntil('web', 'resized', ({ status }) => {
      const [one] = status?.containerStatuses ?? []
      return one?.resources?.limits?.['cpu'] === '400m' && status?.observedGeneration === generation
    })
    const [status] = resized.status?.containerStatuses ?? []
    assert.equal(status?.restartCount, 0)
    assert.equal(status?.containerID, running.status?.containerStatuses?.[0]?.containerID)
    assert.deepEqual(status?.allocatedResources, large.requests)
    assert.equal((await runtime.list()).containers[0]?.resources?.cpuQuotaMicros, 40_000)
    await resize({ requests: { cpu: '5000' }, limits: { cpu: '5000' } })
    const pending = await cluster.podUntil('web', 'infeasible', (pod) =>
      Boolean(pod.status?.conditions?.some(({ type }) => type === 'PodResizePending')),
    )
    const condition = pending.status?.conditions?.find(({ type }) => type === 'PodResizePending')
    assert.equal(condition?.reason, 'Infeasible')
    assert.deepEqual(pending.status?.containerStatuses?.[0]?.resources, large)
    await resize(small)
    await cluster.podUntil('web', 'small again', ({ status }) => {
      const isPending = status?.conditions?.some(({ type }) => type === 'PodResizePending')
      return !isPending && status?.containerStatuses?.[0]?.resources?.limits?.['cpu'] === '200m'
    })
  } finally {
    await cluster.close()
  }
})

test('an engine that refuses a resize is told as an error, and asked again later', async () => {
  const cluster = await openKubeletCluster()
  try {
    const runtime = Object.assign(cluster.sim(), {
      updateResources: () => Promise.reject(new RuntimeError('Refused', 'memory is in use')),
    })
    await cluster.kubelet(runtime)
    await cluster.create('web', {
      containers: [containerOf('main', { image: 'kijabi/web:1', resources: small })],
    })
    await cluster.podUntil('web', 'running', ({ status }) =>
      Boolean(status?.containerStatuses?.[0]?.resources),
    )
    await pods(cluster.client).patch(
      ...(['default', 'web', 'application/strategic-merge-patch+json'] as const),
      { spec: { containers: [{ name: 'main', resources: large }] } },
      { subresource: 'resize' },
    )
    const refused = await cluster.podUntil('web', 'refused', ({ status }) =>
      Boolean(status?.conditions?.some(({ reason }) => reason === 'Error')),
    )
    const condition = refused.status?.conditions?.find(({ reason }) => reason === 'Error')
    assert.equal(condition?.type, 'PodResizeInProgress')
    assert.equal(condition?.message, 'container main: memory is in use')
    assert.deepEqual(refused.status?.containerStatuses?.[0]?.resources, small)
  } finally {
    await cluster.close()
  }
})
