import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { configMaps, events, leases, nodes, pods } from '../../../src/client/resources.ts'
import type { Pod } from '../../../src/kinds/types.ts'
import { isReady } from '../../../src/kubelet/status.ts'
import { type KubeletCluster, openKubeletCluster, until } from './cluster.ts'
import { containerOf } from './pods.ts'

async function withCluster(body: (cluster: KubeletCluster) => Promise<void>): Promise<void> {
  const cluster = await openKubeletCluster()
  try {
    await body(cluster)
  } finally {
    await cluster.close()
  }
}

const server = {
  ...containerOf('main', { image: 'kijabi/web:1' }),
  ports: [{ containerPort: 18_081 }],
}
const ready = (pod: Pod) => isReady(pod.status)

describe('kubelet on simulated containers', () => {
  test('registers its node with status, labels and a lease', () =>
    withCluster(async (cluster) => {
      await cluster.kubelet(cluster.sim(), { labels: new Map([['zone', 'a']]) })
      const node = await cluster.nodeUntil((one) =>
        Boolean(one.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')),
      )
      assert.equal(node.metadata.labels?.['kubernetes.io/hostname'], 'w1')
      assert.equal(node.metadata.labels?.['zone'], 'a')
      assert.equal(node.status?.capacity?.['pods'], '110')
      assert.match(node.status?.nodeInfo?.containerRuntimeVersion ?? '', /^sim:/)
      const held = await until(
        leases(cluster.client),
        'kube-node-lease',
        'w1',
        'a lease',
        () => true,
      )
      assert.equal(held.spec?.holderIdentity, 'w1')
      assert.equal(held.spec?.leaseDurationSeconds, 40)
    }))

  test('answers at once when somebody calls its node not ready', () =>
    withCluster(async (cluster) => {
      await cluster.kubelet(cluster.sim())
      const isTrue = (node: { status?: { conditions?: { type: string; status: string }[] } }) =>
        node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false
      const node = await cluster.nodeUntil((one) => isTrue(one as never))
      const conditions = (node.status?.conditions ?? []).map((one) =>
        one.type === 'Ready' ? { ...one, status: 'Unknown' } : one,
      )
      await nodes(cluster.client).patch(
        '',
        'w1',
        'application/merge-patch+json',
        { status: { conditions } },
        { subresource: 'status' },
      )
      await cluster.nodeUntil((one) => isTrue(one as never))
    }))

  test('brings a pod to Ready, answers on its address, and takes it down', () =>
    withCluster(async (cluster) => {
      await cluster.kubelet(cluster.sim())
      await cluster.create('web', { containers: [server] })
      const pod = await cluster.podUntil('web', 'Ready', ready)
      assert.equal(pod.status?.phase, 'Running')
      assert.equal(pod.status?.qosClass, 'BestEffort')
      const [status] = pod.status?.containerStatuses ?? []
      assert.ok(status?.state?.running && status.started && status.restartCount === 0)
      const answer = await fetch(`http://${pod.status?.podIP}:18081/`)
      assert.equal(await answer.text(), 'web\n')
      await pods(cluster.client).delete('default', 'web')
      await cluster.podGone('web')
      assert.deepEqual(cluster.events, [
        'container-started default/web',
        'pod-ready default/web',
        'pod-not-ready default/web',
        'pod-terminated default/web',
      ])
    }))

  test('refuses a pod whose host port another pod of the node has, and takes its successor', () =>
    withCluster(async (cluster) => {
      await cluster.kubelet(cluster.sim())
      const spec = {
        containers: [{ ...containerOf('main'), ports: [{ containerPort: 81, hostPort: 18_082 }] }],
      }
      await cluster.create('first', spec)
      await cluster.podUntil('first', 'Ready', ready)
      await cluster.create('second', spec)
      const refused = await cluster.podUntil(
        'second',
        'Failed',
        (one) => one.status?.phase === 'Failed',
      )
      const { reason, message, containerStatuses } = refused.status ?? {}
      assert.deepEqual([reason, containerStatuses], ['NodePorts', undefined])
      assert.match(message ?? '', /^Pod was rejected: Predicate NodePorts failed: /)
      for (const name of ['first', 'second']) {
        await pods(cluster.client).delete('default', name, { gracePeriodSeconds: 0 })
        await cluster.podGone(name)
      }
      await cluster.create('second', spec)
      await cluster.podUntil('second', 'Ready', ready)
    }))

  test('runs init containers in order and completes a pod that never restarts', () =>
    withCluster(async (cluster) => {
      await cluster.kubelet(cluster.sim())
      await cluster.create('job', {
        restartPolicy: 'Never',
        initContainers: [
          containerOf('first', { command: ['true'] }),
          containerOf('second', { command: ['sleep', '0.1'] }),
        ],
        containers: [
          containerOf('good', { command: ['true'] }),
          containerOf('bad', { command: ['sh', '-c', 'exit 3'] }),
        ],
      })
      const pod = await cluster.podUntil('job', 'Failed', (one) => one.status?.phase === 'Failed')
      const ended = pod.status?.containerStatuses?.map((one) => one.state?.terminated)
      assert.deepEqual(
        ended?.map((one) => [one?.exitCode, one?.reason]),
        [
          [0, 'Completed'],
          [3, 'Error'],
        ],
      )
      const inits = pod.status?.initContainerStatuses?.map((one) => one.state?.terminated)
      assert.deepEqual(
        inits?.map((one) => one?.reason),
        ['Completed', 'Completed'],
      )
    }))

  test('a crashing container restarts once, then waits in CrashLoopBackOff', () =>
    withCluster(async (cluster) => {
      await cluster.kubelet(cluster.sim())
      await cluster.create('crash', { containers: [containerOf('main', { command: ['false'] })] })
      const pod = await cluster.podUntil(
        'crash',
        'CrashLoopBackOff',
        (one) => one.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
      )
      const [status] = pod.status?.containerStatuses ?? []
      assert.equal(status?.restartCount, 1)
      assert.equal(status?.lastState?.terminated?.exitCode, 1)
      assert.match(status?.state?.waiting?.message ?? '', /^back-off 10s restarting failed/)
    }))

  test('images that are not there, by pull policy', () =>
    withCluster(async (cluster) => {
      await cluster.kubelet(cluster.sim((reference) => !reference.includes('missing')))
      const waiting = (pod: Pod) => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason
      const image = 'registry/missing:1'
      for (const [name, policy, reason] of [
        ['never', 'Never', 'ErrImageNeverPull'],
        ['absent', 'IfNotPresent', 'ImagePullBackOff'],
      ] as const) {
        const container = containerOf('main', { image, imagePullPolicy: policy })
        await cluster.create(name, { containers: [container] })
        await cluster.podUntil(name, reason, (pod) => waiting(pod) === reason)
      }
    }))

  test('waits for a ConfigMap that the environment needs', () =>
    withCluster(async (cluster) => {
      await cluster.kubelet(cluster.sim())
      const configMapKeyRef = { name: 'settings', key: 'colour' }
      const env = [{ name: 'COLOUR', valueFrom: { configMapKeyRef } }]
      const command = ['sh', '-c', 'test -n "$COLOUR"']
      await cluster.create('needy', { containers: [containerOf('main', { env, command })] })
      await cluster.podUntil(
        'needy',
        'CreateContainerConfigError',
        (one) =>
          one.status?.containerStatuses?.[0]?.state?.waiting?.reason ===
          'CreateContainerConfigError',
      )
      await configMaps(cluster.client).create('default', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings' },
        data: { colour: 'blue' },
      })
      await cluster.podUntil('needy', 'Ready', ready)
    }))

  test('a failing liveness probe restarts the container', () =>
    withCluster(async (cluster) => {
      await cluster.kubelet(cluster.sim())
      const livenessProbe = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1 }
      await cluster.create('sick', { containers: [{ ...server, livenessProbe }] })
      const pod = await cluster.podUntil(
        'sick',
        'a restart',
        (one) => (one.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0,
      )
      assert.ok(pod.status?.containerStatuses?.[0]?.lastState?.terminated)
      const told = (await events(cluster.client).list({ namespace: 'default' })).items
      assert.ok(told.some((one) => one.reason === 'Unhealthy'))
    }))

  test('a restarted kubelet adopts what runs and ends what nobody asks for', () =>
    withCluster(async (cluster) => {
      const runtime = cluster.sim()
      const first = await cluster.kubelet(runtime)
      await cluster.create('stays', { containers: [{ ...server, ports: [] }] })
      await cluster.create('goes', { containers: [{ ...server, ports: [] }] })
      const before = await cluster.podUntil('stays', 'Ready', ready)
      await cluster.podUntil('goes', 'Ready', ready)
      await first.stop()
      await pods(cluster.client).delete('default', 'goes', { gracePeriodSeconds: 0 })
      const gone = new Promise<void>((resolve) => {
        runtime.subscribe((event) => {
          if (event.type === 'ended') resolve()
        })
      })
      await cluster.kubelet(runtime)
      await gone
      const after = await cluster.pod('stays')
      const id = (pod: Pod) => pod.status?.containerStatuses?.[0]?.containerID
      assert.equal(id(after), id(before))
      const running = (await runtime.list()).containers.filter((one) => one.state === 'running')
      assert.deepEqual(
        running.map((one) => one.pod.name),
        ['stays'],
      )
    }))
})
