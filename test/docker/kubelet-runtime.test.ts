import assert from 'node:assert/strict'
import { test } from 'node:test'
import Docker from 'dockerode'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import {
  killNodeContainers,
  removeClusterArtifacts,
} from '../../src/kubelet/runtime/cluster-artifacts.ts'
import { createDockerRuntime } from '../../src/kubelet/runtime/docker.ts'
import { ensureImage } from '../../src/kubelet/runtime/import-image.ts'
import type { Runtime } from '../../src/kubelet/runtime/runtime.ts'
import { containerConfig, runtimeContract, sandboxConfig } from '../contract/runtime.ts'
import { eventually } from '../process/eventually.ts'
import { engineMissing, engineSocket, importTestImage, testImage } from './engine.ts'

const skip = await engineMissing()
/** Far more than a command takes, on a slow machine, too. */
const execMs = 60_000
const clusterId = `test-runtime-${process.pid}`
const cluster = { socketPath: engineSocket, clusterId }

function openDocker(nodeName = 'w1'): Runtime {
  const logger = silentLogger
  return createDockerRuntime({ ...cluster, nodeName, clock: systemClock, logger })
}

async function withDocker(body: (runtime: Runtime) => Promise<void>): Promise<void> {
  const runtime = openDocker()
  try {
    await body(runtime)
  } finally {
    await runtime.close()
    await removeClusterArtifacts(cluster)
  }
}

if (!skip) await importTestImage()

runtimeContract(
  'docker runtime',
  async () => {
    const runtime = openDocker()
    return {
      runtime,
      image: testImage,
      stop: async () => {
        await runtime.close()
        await removeClusterArtifacts(cluster)
      },
    }
  },
  skip,
)

test('docker: containers share the pod network, and the host reaches them', { skip }, () =>
  withDocker(async (runtime) => {
    const sandbox = await runtime.runSandbox(
      sandboxConfig({ extraHosts: [{ ip: '10.9.8.7', hostnames: ['named.example'] }] }),
    )
    const serve = containerConfig(testImage, ['httpd', '-f', '-p', '8080', '-h', '/www'])
    await runtime.startContainer(await runtime.createContainer(sandbox, serve))
    const other = { ...containerConfig(testImage, ['sleep', '600']), name: 'other' }
    const id = await runtime.createContainer(sandbox, other)
    await runtime.startContainer(id)
    const ip = (await runtime.list()).sandboxes[0]?.ip
    // Its program is started, and listens a moment later.
    const page = () => fetch(`http://${ip}:8080/`).then((answer) => answer.text())
    const served = await eventually('an answer', () => page().catch(() => undefined))
    assert.equal(served, 'served\n')
    const command = ['wget', '-q', '-O', '-', 'http://127.0.0.1:8080/']
    const inside = await runtime.execSync(id, command, execMs)
    assert.deepEqual(inside, { exitCode: 0, output: 'served\n' })
    const hosts = await runtime.execSync(id, ['cat', '/etc/hosts'], execMs)
    assert.match(hosts.output, /^10\.9\.8\.7\s+named\.example$/m)
    assert.ok((await runtime.execSync(id, ['/bin/absent'], execMs)).exitCode > 125)
  }),
)

test('docker: limits, user and capabilities reach the container', { skip }, () =>
  withDocker(async (runtime) => {
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const base = containerConfig(testImage, ['sleep', '600'])
    const id = await runtime.createContainer(sandbox, {
      ...base,
      resources: {
        cpuShares: 256,
        cpuQuotaMicros: 25_000,
        memoryBytesMax: 32 * 1024 ** 2,
        oomScoreAdjustment: 500,
      },
      security: { ...base.security, runAsUser: 1234, runAsGroup: 99, capabilitiesDrop: ['ALL'] },
    })
    await runtime.startContainer(id)
    assert.match((await runtime.execSync(id, ['id'], execMs)).output, /^uid=1234 gid=99/)
    const status = await runtime.execSync(id, ['cat', '/proc/self/status'], execMs)
    assert.match(status.output, /^CapBnd:\s+0+$/m)
    const { HostConfig } = await new Docker({ socketPath: engineSocket }).getContainer(id).inspect()
    assert.deepEqual(
      [HostConfig.Memory, HostConfig.CpuQuota, HostConfig.CpuShares],
      [32 * 1024 ** 2, 25_000, 256],
    )
  }),
)

test('docker: a command that is not there ends the container with the reason', { skip }, () =>
  withDocker(async (runtime) => {
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const id = await runtime.createContainer(sandbox, containerConfig(testImage, ['/bin/absent']))
    await assert.rejects(runtime.startContainer(id), { reason: 'StartFailed' })
    const [state] = (await runtime.list()).containers
    assert.equal(state?.state, 'exited')
    assert.match(state?.startError ?? '', /absent/)
    assert.ok((state?.exitCode ?? 0) > 0)
  }),
)

test('docker: nodes see only their own; a killed node loses only its own', { skip }, async () => {
  const first = openDocker('w1')
  const second = openDocker('w2')
  try {
    // At once, so that both want to make the network.
    await Promise.all([
      first.runSandbox(sandboxConfig()),
      second.runSandbox(sandboxConfig({ attempt: 1 })),
    ])
    const again = openDocker('w1')
    assert.deepEqual(await again.list(), await first.list())
    await again.close()
    await killNodeContainers({ ...cluster, nodeName: 'w1' })
    assert.equal((await first.list()).sandboxes.length, 0)
    assert.equal((await second.list()).sandboxes.length, 1)
  } finally {
    await first.close()
    await second.close()
    await removeClusterArtifacts(cluster)
  }
  const docker = new Docker({ socketPath: engineSocket })
  const label = [`kijabi.cluster=${clusterId}`]
  assert.deepEqual(await docker.listNetworks({ filters: { label } }), [])
  assert.deepEqual(await docker.listContainers({ all: true, filters: { label } }), [])
})

test('docker: an image is made when it is missing or other, and not again', { skip }, async () => {
  const docker = new Docker({ socketPath: engineSocket })
  const reference = `kijabi/test-once-${process.pid}:1`
  const content = (text: string) => ({
    ...{ reference, command: ['/file'] },
    files: [{ path: 'file', mode: 0o755, content: text }],
  })
  const idOf = async () => (await docker.getImage(reference).inspect()).Id
  await ensureImage(engineSocket, content('one'))
  const first = await idOf()
  try {
    await ensureImage(engineSocket, content('one'))
    assert.equal(await idOf(), first)
    await ensureImage(engineSocket, content('two'))
    assert.notEqual(await idOf(), first)
  } finally {
    await docker.getImage(reference).remove({ force: true })
    await docker.getImage(first).remove({ force: true })
  }
})
