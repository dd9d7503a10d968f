import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
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
import { engineMissing, engineSocket, importTestImage, testImage } from './engine.ts'

for (const faults of [false, true]) {
  const name = faults ? ', while the leader is killed between the commands' : ''
  test(`kubectl v35 against three masters on Docker${name}`, async (context) => {
    const missing = await engineMissing()
    if (missing) return context.skip(missing)
    if (!kubectlBinary('v35')) return context.skip('no kubectl package for this platform')
    await makeImages()
    const cluster = await startTestCluster({ runtime: 'docker' })
    try {
      const flow = { version: 'v35', kubeconfig: cluster.kubeconfig, toolImage: testImage } as const
      const between = () => killLeaderOf(cluster)
      await runFlow(context, faults ? { ...flow, between } : flow, true)
    } finally {
      await cluster.remove()
    }
    await context.test('down leaves no process, container, network or rule', () =>
      assertNothingLeft(cluster),
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

function assertNothingLeft(cluster: TestCluster): void {
  const docker = (...parameters: string[]) =>
    spawnSync('docker', ['-H', `unix://${engineSocket}`, ...parameters], { encoding: 'utf8' })
      .stdout
  assert.deepEqual(processesNaming(cluster.directory), [])
  const label = `label=kijabi.cluster=${cluster.clusterId}`
  assert.equal(docker('ps', '-aq', '--filter', label), '')
  assert.equal(docker('network', 'ls', '-q', '--filter', label), '')
  const rules = spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' }).stdout ?? ''
  assert.equal(rules.includes(`kijabi-${cluster.clusterId.slice(0, 12)}`), false, rules)
}

/** A second tag of the web image, to roll out, beside the image with a shell. */
async function makeImages(): Promise<void> {
  await importTestImage()
  await importImage(engineSocket, {
    reference: webImage.replace(/:1$/, ':2'),
    files: [{ path: 'web', mode: 0o755, content: webProgram() }],
    command: ['/web'],
  })
}
