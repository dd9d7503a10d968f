import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import { configMaps, pods, secrets } from '../../src/client/resources.ts'
import type { Pod, PodSpec } from '../../src/kinds/types.ts'
import {
  killNodeContainers,
  removeClusterArtifacts,
} from '../../src/kubelet/runtime/cluster-artifacts.ts'
import { createDockerRuntime } from '../../src/kubelet/runtime/docker.ts'
import type { Runtime } from '../../src/kubelet/runtime/runtime.ts'
import { isReady } from '../../src/kubelet/status.ts'
import { text } from '../contract/runtime.ts'
import { type KubeletCluster, openKubeletCluster } from '../unit/kubelet/cluster.ts'
import { engineMissing, engineSocket, importTestImage, testImage } from './engine.ts'

const skip = await engineMissing()
if (!skip) await importTestImage()
const clusterId = `test-kubelet-${process.pid}`
const engine = { socketPath: engineSocket, clusterId }

function openRuntime(): Runtime {
  const logger = silentLogger
  return createDockerRuntime({ ...engine, nodeName: 'w1', clock: systemClock, logger })
}

async function withCluster(
  body: (cluster: KubeletCluster, runtime: Runtime) => Promise<void>,
): Promise<void> {
  const cluster = await openKubeletCluster()
  const runtime = openRuntime()
  try {
    await body(cluster, runtime)
  } finally {
    await cluster.close()
    await runtime.close()
    await removeClusterArtifacts(engine)
  }
}

const ready = (pod: Pod) => isReady(pod.status)
const idOf = (pod: Pod) => pod.status?.containerStatuses?.[0]?.containerID
const readyMsMax = 5_000
const shell = (script: string) => ['sh', '-c', script]
const server = (more: Partial<PodSpec['containers'][number]> = {}) => ({
  name: 'main',
  image: testImage,
  command: ['httpd', '-f', '-p', '8080', '-h', '/www'],
  ports: [{ containerPort: 8080 }],
  readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
  ...more,
})

test('kubelet on docker: a pod becomes Ready, serves, and is taken down', { skip }, (context) =>
  withCluster(async (cluster, runtime) => {
    await cluster.kubelet(runtime)
    await cluster.create('warm', { containers: [server()], terminationGracePeriodSeconds: 1 })
    await cluster.podUntil('warm', 'Ready', ready)
    // A busy machine makes one of them slow, a slow kubelet all of them.
    const tookMs: number[] = []
    while (tookMs.length < 3 && !tookMs.some((one) => one < readyMsMax)) {
      const startedMs = performance.now()
      await cluster.create('web', { containers: [server()], terminationGracePeriodSeconds: 1 })
      const pod = await cluster.podUntil('web', 'Ready', ready)
      tookMs.push(Math.round(performance.now() - startedMs))
      assert.equal(await (await fetch(`http://${pod.status?.podIP}:8080/`)).text(), 'served\n')
      await pods(cluster.client).delete('default', 'web')
      await cluster.podGone('web')
      const { containers, sandboxes } = await runtime.list()
      assert.deepEqual([containers.length, sandboxes.length], [1, 1], 'only the other pod is left')
    }
    assert.ok(Math.min(...tookMs) < readyMsMax, `Ready after ${tookMs.join(', ')} ms`)
    context.diagnostic(`bound to Ready in ${tookMs.join(', ')} ms`)
  }),
)

test('kubelet on docker: files, environment, termination message', { skip }, () =>
  withCluster(async (cluster, runtime) => {
    const metadata = { name: 'settings' }
    await configMaps(cluster.client).create('default', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { 'app.conf': 'mode=fast\n' },
    })
    await secrets(cluster.client).create('default', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      data: { password: Buffer.from('hush').toString('base64') },
    })
    await cluster.kubelet(runtime)
    const script = [
      'cat /config/app.conf /secret/pw /single/app.conf',
      'echo $GREETING from $POD',
      'echo shared > /scratch/file',
      'echo because > /dev/termination-log',
      'exit 4',
    ].join('; ')
    await cluster.create('files', {
      restartPolicy: 'Never',
      volumes: [
        { name: 'config', configMap: metadata },
        {
          name: 'secret',
          secret: { secretName: 'settings', items: [{ key: 'password', path: 'pw' }] },
        },
        { name: 'scratch', emptyDir: {} },
      ],
      containers: [
        {
          name: 'main',
          image: testImage,
          command: shell(script),
          env: [
            { name: 'GREETING', value: 'hello' },
            { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
          volumeMounts: [
            { name: 'config', mountPath: '/config' },
            { name: 'secret', mountPath: '/secret' },
            { name: 'scratch', mountPath: '/scratch' },
            { name: 'config', mountPath: '/single/app.conf', subPath: 'app.conf' },
          ],
        },
      ],
    })
    const pod = await cluster.podUntil('files', 'Failed', (one) => one.status?.phase === 'Failed')
    const ended = pod.status?.containerStatuses?.[0]?.state?.terminated
    assert.deepEqual([ended?.exitCode, ended?.message], [4, 'because\n'])
    const [container] = (await runtime.list()).containers
    const log = await runtime.logs(container?.id ?? '', {
      follow: false,
      timestamps: false,
      tailLines: undefined,
      sinceMs: undefined,
      bytesMax: undefined,
    })
    assert.equal(await text(log), 'mode=fast\nhushmode=fast\nhello from files\n')
  }),
)

test('kubelet on docker: a restarted kubelet adopts, a killed sandbox is replaced', { skip }, () =>
  withCluster(async (cluster, runtime) => {
    const first = await cluster.kubelet(runtime)
    await cluster.create('stays', { containers: [server()] })
    const before = await cluster.podUntil('stays', 'Ready', ready)
    await first.stop()
    await cluster.kubelet(runtime)
    await cluster.create('next', { containers: [server()] })
    await cluster.podUntil('next', 'Ready', ready)
    const after = await cluster.pod('stays')
    assert.equal(idOf(after), idOf(before), 'the same container')
    assert.ok(ready(after))
    await killNodeContainers({ ...engine, nodeName: 'w1' })
    await cluster.podUntil('stays', 'a new container', (pod) => {
      return idOf(pod) !== idOf(before) && ready(pod)
    })
  }),
)

test('kubelet on docker: a killed main process restarts, keeping the address', { skip }, () =>
  withCluster(async (cluster, runtime) => {
    await cluster.kubelet(runtime)
    await cluster.create('crash', { containers: [server()] })
    const before = await cluster.podUntil('crash', 'Ready', ready)
    const [container] = (await runtime.list()).containers
    await runtime.stopContainer(container?.id ?? '', 0)
    const after = await cluster.podUntil('crash', 'restarted', (pod) => {
      return pod.status?.containerStatuses?.[0]?.restartCount === 1 && ready(pod)
    })
    assert.equal(after.status?.podIP, before.status?.podIP)
    const last = after.status?.containerStatuses?.[0]?.lastState?.terminated
    assert.deepEqual([last?.exitCode, last?.reason], [137, 'Error'])
  }),
)

test('kubelet on docker: preStop runs, then the grace period ends a deaf container', { skip }, () =>
  withCluster(async (cluster, runtime) => {
    await cluster.kubelet(runtime)
    await cluster.create('deaf', {
      terminationGracePeriodSeconds: 2,
      containers: [
        {
          name: 'main',
          image: testImage,
          command: shell("trap '' TERM; while true; do sleep 1; done"),
          lifecycle: { preStop: { exec: { command: shell('echo gone > /dev/termination-log') } } },
        },
      ],
    })
    await cluster.podUntil('deaf', 'Ready', ready)
    const startedMs = performance.now()
    const failed = cluster.podUntil(
      'deaf',
      'its last state',
      (pod) => pod.status?.containerStatuses?.[0]?.state?.terminated !== undefined,
    )
    await pods(cluster.client).delete('default', 'deaf')
    const ended = (await failed).status?.containerStatuses?.[0]?.state?.terminated
    assert.deepEqual([ended?.exitCode, ended?.message], [137, 'gone\n'])
    await cluster.podGone('deaf')
    assert.ok(performance.now() - startedMs >= 1900)
  }),
)
