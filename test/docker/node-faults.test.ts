import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { deployments, nodes, pods } from '../../src/client/resources.ts'
import type { Node, Pod, PodSpec } from '../../src/kinds/types.ts'
import { isReady } from '../../src/kubelet/status.ts'
import { eventually } from '../process/eventually.ts'
import { memberPid } from '../process/test-cluster.ts'
import { until } from '../unit/kubelet/cluster.ts'
import { ask, firstStatus, labMissing, PodLab, restartsOf, server } from './pod-lab.ts'

const skip = await labMissing()
const main = resolve(import.meta.dirname, '..', '..', 'src', 'boot', 'main.js')
const ready = (pod: Pod) => isReady(pod.status)
const idOf = (pod: Pod) => firstStatus(pod)?.containerID

/**
 * Workers that die, stand still and come back. The supervisor is killed first, for it would start them
 * again at once: from then on the test runs the workers itself, by `kijabi worker`.
 */
describe('faults of nodes on Docker', { skip, timeout: 480_000 }, () => {
  let lab: PodLab
  const workers = new Map<string, () => Promise<void>>()

  before(async () => {
    const first = await PodLab.start({ runtime: 'docker', masters: 1, workers: 2 })
    process.kill(memberPid(first.cluster, 'supervisor'), 'SIGKILL')
    lab = first.pastBalancer()
    first.close()
    for (const name of ['w1', 'w2']) workers.set(name, () => killRecorded(name))
  })
  after(async () => {
    for (const kill of workers.values()) await kill()
    await lab?.remove()
  })

  /** SIGKILL to a worker that `up` started; only then may another one of its name start. */
  async function killRecorded(name: string): Promise<void> {
    const pid = memberPid(lab.cluster, name)
    process.kill(pid, 'SIGKILL')
    await eventually('its end', () => Promise.resolve(isAlive(pid) ? undefined : true))
  }

  async function kill(name: string): Promise<void> {
    await workers.get(name)?.()
    workers.delete(name)
  }

  /** Resolves when it has registered its node. */
  async function startWorker(name: string): Promise<void> {
    const config = `${lab.cluster.directory}/cluster.json`
    const child = spawn(process.execPath, [main, 'worker', '--config', config, '--name', name], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = once(child, 'exit')
    workers.set(name, async () => {
      child.kill('SIGKILL')
      await ended
    })
    let said = ''
    await new Promise<void>((done, fail) => {
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('node is registered')) done()
      })
      child.once('exit', () => fail(new Error(`${name} ended: ${said}`)))
    })
  }

  const nodeUntil = (name: string, what: string, condition: (node: Node) => boolean) =>
    until(nodes(lab.client), '', name, what, condition, 60_000)
  const isNodeReady = (node: Node) =>
    node.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false

  test('a killed worker comes back and adopts its containers; what was deleted meanwhile ends', async () => {
    const onFirst = { nodeName: 'w1', containers: [server()], tolerations: patient }
    for (const name of ['stays', 'deleted', 'forced']) await lab.create(name, onFirst)
    const before = await lab.until('stays', 'Ready', ready)
    await lab.until('deleted', 'Ready', ready)
    await lab.until('forced', 'Ready', ready)
    await kill('w1')
    await lab.kubectl.ok('delete pod deleted --wait=false')
    await lab.kubectl.ok('delete pod forced --grace-period=0 --force')
    assert.equal(
      await ask(before.status?.podIP ?? '', 8080),
      'stays',
      'containers outlive a kubelet',
    )
    await startWorker('w1')
    await eventually('the end of the deleted pods', async () => {
      const { items } = await pods(lab.client).list({ namespace: 'default' })
      const names = items.map((pod) => pod.metadata.name)
      if (names.includes('deleted')) return undefined
      const left = await Promise.all(['deleted', 'forced'].map((name) => lab.dockerPods(name)))
      return left.every((one) => one.stdout === '') || undefined
    })
    const after = await lab.until('stays', 'Ready', ready)
    assert.equal(idOf(after), idOf(before))
    assert.equal(restartsOf(after), 0)
    const listed = (await lab.dockerPods('stays')).stdout.trim().split('\n')
    assert.equal(listed.length, 2, 'sandbox and container, no more')
    await pods(lab.client).delete('default', 'stays')
  })

  test('the rules go on when the worker that wrote them is killed, and follow changes', async () => {
    const { spec } = await lab.service('web', { type: 'NodePort' })
    const address = spec?.clusterIP ?? ''
    await deployments(lab.client).create('default', deploymentOf('web', { tolerations: patient }))
    await lab.kubectl.ok('rollout status deployment/web --timeout=60s')
    await eventually('an answer', async () =>
      (await ask(address)).startsWith('web-') ? true : undefined,
    )
    assert.match(await ask(lab.hostAddress, spec?.ports?.[0]?.nodePort), /^web-/)
    assert.match(await ask('127.0.0.1', spec?.ports?.[0]?.nodePort), /^web-/)
    let failed = 0
    let asked = 0
    let going = true
    const traffic = (async () => {
      while (going) {
        asked += 1
        if (!(await ask(address)).startsWith('web-')) failed += 1
      }
    })()
    // Either may own the rules: both die once, never both at the same time.
    for (const name of ['w1', 'w2']) {
      await kill(name)
      await startWorker(name)
      await eventually('a new rule', async () => {
        const { metadata } = await lab.service(`after-${name}`, { selector: { app: 'web' } })
        const own = await lab.kubectl.ok(
          `get service ${metadata.name} -o jsonpath={.spec.clusterIP}`,
        )
        return eventually('its answer', async () =>
          (await ask(own)).startsWith('web-') ? true : undefined,
        )
      })
      await nodeUntil(name, 'Ready', isNodeReady)
    }
    going = false
    await traffic
    assert.equal(failed, 0, `${failed} of ${asked} requests failed`)
  })

  test('pods of a node that stands still are replaced, and its leftovers go when it returns', async () => {
    await deployments(lab.client).create('default', deploymentOf('moves'))
    await lab.kubectl.ok('rollout status deployment/moves --timeout=80s')
    const { items } = await pods(lab.client).list({
      namespace: 'default',
      labelSelector: 'app=moves',
    })
    const onSecond = items.filter((pod) => pod.spec?.nodeName === 'w2')
    assert.ok(onSecond.length > 0, 'the second node has pods')
    await kill('w2')
    await nodeUntil('w2', 'NotReady', (node) => !isNodeReady(node))
    await eventually('replacements on w1', async () => {
      const listed = await pods(lab.client).list({
        namespace: 'default',
        labelSelector: 'app=moves',
      })
      const well = listed.items.filter((pod) => pod.spec?.nodeName === 'w1' && ready(pod))
      return well.length === 3 || undefined
    })
    for (const { metadata } of onSecond)
      assert.notEqual((await lab.dockerPods(metadata.name ?? '')).stdout, '', 'nobody ended it yet')
    await startWorker('w2')
    await nodeUntil('w2', 'Ready', isNodeReady)
    await eventually('the end of the leftovers', async () => {
      const left = await Promise.all(
        onSecond.map(({ metadata }) => lab.dockerPods(metadata.name ?? '')),
      )
      return left.every((one) => one.stdout === '') || undefined
    })
    const old = new Set(onSecond.map((pod) => pod.metadata.uid))
    await eventually('the end of their objects', async () => {
      const { items: last } = await pods(lab.client).list({ namespace: 'default' })
      return last.every((pod) => !old.has(pod.metadata.uid)) || undefined
    })
  })
})

/** How long a worker is away depends on the machine: only who is to move moves when that is long. */
const patient = ['not-ready', 'unreachable'].map((what) => ({
  ...{ key: `node.kubernetes.io/${what}`, operator: 'Exists', effect: 'NoExecute' },
  tolerationSeconds: 600,
}))

function deploymentOf(name: string, more: Partial<PodSpec> = {}) {
  const labels = { app: name }
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 1, containers: [server()], ...more },
      },
    },
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
