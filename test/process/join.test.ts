import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import type { Node } from '../../src/kinds/types.ts'
import { RawApi } from '../compat/raw-api.ts'
import { eventually } from './eventually.ts'
import { kijabi, startTestCluster } from './test-cluster.ts'

const main = resolve(import.meta.dirname, '..', '..', 'src', 'boot', 'main.js')
/** Of another host as far as the cluster can see: no other node has it. */
const address = '127.0.0.2:21250'
const nodePath = '/api/v1/nodes/far'

test('a host without anything of the cluster joins by a token and the hash of its authority', async (context) => {
  const cluster = await startTestCluster({ runtime: 'sim', workers: 1 })
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-join-'))
  const api = new RawApi(cluster.kubeconfig)
  const at = ['--data-dir', cluster.directory]
  const running = new Set<ChildProcess>()
  const run = (...words: string[]) => {
    const child = spawn(process.execPath, [main, ...words], { stdio: 'ignore' })
    running.add(child)
    return child
  }
  const end = async (child: ChildProcess) => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const [code] = (await ended) as [number | null]
    running.delete(child)
    return code
  }
  try {
    const created = await kijabi(['token', 'create', '--description', 'a test', ...at])
    assert.equal(created.code, 0, created.stderr)
    const words = created.stdout.trim().split(' ').slice(1)
    const token = words[words.indexOf('--token') + 1] ?? ''
    const mine = ['--name', 'far', '--address', address, '--label', 'disk=ssd']
    const joining = [...words, ...mine, '--data-dir', directory]

    await context.test(
      'another hash, another token, or the directory of `up` is refused',
      async () => {
        const instead = (wrong: string, right: string) =>
          joining.map((word) => (word === right ? wrong : word))
        const hash = words.at(-1) ?? ''
        const cases: [string[], RegExp][] = [
          [instead(`sha256:${'0'.repeat(64)}`, hash), /is not of the cluster that the hash names/],
          [instead('aaaaaa.aaaaaaaaaaaaaaaa', token), /does not know this token/],
          [instead(cluster.directory, directory), /holds a whole cluster/],
        ]
        for (const [parameters, expected] of cases) {
          const ran = await kijabi(parameters)
          assert.notEqual(ran.code, 0)
          assert.match(ran.stderr, expected)
        }
        assert.equal(existsSync(join(directory, 'cluster.json')), false)
      },
    )

    await context.test('it becomes a node that runs pods and shows their logs', async () => {
      const worker = run(...joining)
      const node = await readyNode(api)
      assert.equal(node.metadata.labels?.['disk'], 'ssd')
      await podAnswers(api, 'first')
      assert.equal(await end(worker), 0)
    })

    await context.test(
      'a deleted token lets nobody in; who has joined comes back without',
      async () => {
        const listed = await kijabi(['token', 'list', ...at])
        assert.match(listed.stdout, new RegExp(`^${token.slice(0, 6)} +20.*Z +a test$`, 'm'))
        assert.equal(listed.stdout.includes(token.slice(7)), false)
        const deleted = await kijabi(['token', 'delete', token.slice(0, 6), ...at])
        assert.equal(deleted.code, 0, deleted.stderr)
        const again = await kijabi(joining)
        assert.match(again.stderr, /does not know this token/)
        const config = join(directory, 'cluster.json')
        const worker = run('worker', '--config', config, '--name', 'far')
        await podAnswers(api, 'second')
        assert.equal(await end(worker), 0)
      },
    )
  } finally {
    for (const child of running) await end(child)
    await cluster.remove()
    rmSync(directory, { recursive: true, force: true })
  }
})

async function readyNode(api: RawApi): Promise<Node> {
  return eventually('far is Ready', async () => {
    if ((await api.send(nodePath)).code !== 200) return undefined
    const node = (await api.json(nodePath)).body as Node
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
    return ready?.status === 'True' ? node : undefined
  })
}

/** A pod that is bound to it runs, and a master reads its log: both directions work. */
async function podAnswers(api: RawApi, name: string): Promise<void> {
  const pods = '/api/v1/namespaces/default/pods'
  const spec = { nodeName: 'far', containers: [{ name: 'main', image: 'busybox' }] }
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec })
  const made = await api.send(pods, { method: 'POST', body })
  assert.equal(made.code, 201, made.text)
  await eventually(`${name} runs`, async () => {
    const { body } = await api.json(`${pods}/${name}`)
    return (body as { status: { phase: string } }).status.phase === 'Running' || undefined
  })
  // Its certificate to serve with comes a moment after it is Ready.
  await eventually(`the log of ${name}`, async () => {
    const log = await api.send(`${pods}/${name}/log`)
    return log.code === 200 || undefined
  })
}
