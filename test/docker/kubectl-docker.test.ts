import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { webImage } from '../../src/boot/demo/web-image.ts'
import { webProgram } from '../../src/boot/demo/web-program.ts'
import { importImage } from '../../src/kubelet/runtime/import-image.ts'
import { kubectlBinary } from '../compat/kubectl-binary.ts'
import { runFlow } from '../compat/kubectl-flow.ts'
import {
  killLeader,
  processesNaming,
  startTestCluster,
  statusWhen,
  type TestCluster,
} from '../process/test-cluster.ts'
import { dockerSocket } from './docker-engine.ts'

const toolImage = 'kijabi/tool:1'
const busybox = '/bin/busybox'

for (const faults of [false, true]) {
  const name = faults ? ', while the leader is killed between the commands' : ''
  test(`kubectl v35 against three masters on Docker${name}`, async (context) => {
    const socketPath = await dockerSocket()
    if (!socketPath) return context.skip('no Docker engine answers at DOCKER_HOST')
    if (!kubectlBinary('v35')) return context.skip('no kubectl package for this platform')
    if (!existsSync(busybox)) return context.skip('no busybox-static to make an image of')
    await makeImages(socketPath)
    const cluster = await startTestCluster({ runtime: 'docker' })
    try {
      const flow = { version: 'v35', kubeconfig: cluster.kubeconfig, toolImage } as const
      const between = () => killLeaderOf(cluster)
      await runFlow(context, faults ? { ...flow, between } : flow, true)
    } finally {
      await cluster.remove()
    }
    await context.test('down leaves no process, container, network or rule', () =>
      assertNothingLeft(cluster, socketPath),
    )
  })
}

/** Kills the leader once every master is well, so that a quorum always lives. */
async function killLeaderOf(cluster: TestCluster): Promise<void> {
  await statusWhen(cluster, 'all masters healthy', (status) =>
    status.members.every((one) => one.healthy && one.lag < 1000),
  )
  await killLeader(cluster)
}

function assertNothingLeft(cluster: TestCluster, socketPath: string): void {
  const docker = (...parameters: string[]) =>
    spawnSync('docker', ['-H', `unix://${socketPath}`, ...parameters], { encoding: 'utf8' }).stdout
  assert.deepEqual(processesNaming(cluster.directory), [])
  const label = `label=kijabi.cluster=${cluster.clusterId}`
  assert.equal(docker('ps', '-aq', '--filter', label), '')
  assert.equal(docker('network', 'ls', '-q', '--filter', label), '')
  const rules = spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' }).stdout ?? ''
  assert.equal(rules.includes(`kijabi-${cluster.clusterId.slice(0, 12)}`), false, rules)
}

async function makeImages(socketPath: string): Promise<void> {
  const content = readFileSync(busybox)
  const programs = ['busybox', 'sh', 'cat', 'echo', 'sleep', 'wget', 'env']
  await importImage(socketPath, {
    reference: toolImage,
    files: programs.map((name) => ({ path: `bin/${name}`, mode: 0o755, content })),
    command: ['/bin/sh'],
  })
  await importImage(socketPath, {
    reference: webImage.replace(/:1$/, ':2'),
    files: [{ path: 'web', mode: 0o755, content: webProgram() }],
    command: ['/web'],
  })
}
