import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { runProgram } from '../compat/kubectl-binary.ts'
import { RawApi } from '../compat/raw-api.ts'
import { kijabi, memberPid, processesNaming, startTestCluster, statusWhen } from './test-cluster.ts'

const root = resolve(import.meta.dirname, '..', '..', '..')
const main = resolve(import.meta.dirname, '..', '..', 'src', 'boot', 'main.js')
const small = ['--masters', '1', '--workers', '1', '--api-port', '0', '--runtime', 'sim']

test('up in the foreground stays, and Ctrl-C leaves nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-test-'))
  const child = spawn(process.execPath, [main, 'up', '--data-dir', directory, ...small], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  let said = ''
  await new Promise<void>((done, fail) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (/^stop +Ctrl-C$/m.test(said)) done()
    })
    child.once('exit', (code) => fail(new Error(`up ended with ${code}: ${said}`)))
  })
  const api = new RawApi(join(directory, 'kubeconfig'))
  assert.equal((await api.send('/readyz')).code, 200)
  child.kill('SIGINT')
  assert.deepEqual(await ended, [0, null])
  assert.deepEqual(processesNaming(directory), [])
  assert.deepEqual(readdirSync(join(directory, 'run')), [])
  rmSync(directory, { recursive: true })
})

test('up after a killed supervisor stops its members and resumes; down twice is no error', async () => {
  const cluster = await startTestCluster({ runtime: 'sim', masters: 1, workers: 1 })
  try {
    const master = memberPid(cluster, 'm1')
    process.kill(memberPid(cluster, 'supervisor'), 'SIGKILL')
    const again = await kijabi(['up', '-d', '--data-dir', cluster.directory])
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stderr, /^stopped members of an earlier run: w1, m1$/m)
    assert.notEqual(memberPid(cluster, 'm1'), master)
    await statusWhen(cluster, 'a ready node', (one) => one.nodes.some((node) => node.ready))
    for (const said of [/^stopped; the data stays/, /^nothing was running; the data stays/]) {
      const ended = await kijabi(['down', '--data-dir', cluster.directory])
      assert.equal(ended.code, 0)
      assert.match(ended.stderr, said)
    }
    assert.deepEqual(processesNaming(cluster.directory), [])
  } finally {
    await cluster.remove()
  }
})

test('members run alone from the resolved configuration', async () => {
  const cluster = await startTestCluster({ runtime: 'sim', masters: 1, workers: 1 })
  const config = join(cluster.directory, 'cluster.json')
  const started: ReturnType<typeof spawn>[] = []
  try {
    await kijabi(['down', '--data-dir', cluster.directory])
    const unknown = await kijabi(['worker', '--config', config, '--name', 'w9'])
    assert.equal(unknown.code, 78)
    assert.match(unknown.stderr, /has no worker named w9\nuse one of: w1/)
    for (const [role, name, running] of [
      ['master', 'm1', 'serving'],
      ['worker', 'w1', 'node is registered'],
    ] as const) {
      const child = spawn(process.execPath, [main, role, '--config', config, '--name', name], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      started.push(child)
      let said = ''
      await new Promise<void>((done, fail) => {
        child.stderr.on('data', (chunk: Buffer) => {
          said += chunk.toString()
          if (said.includes(running)) done()
        })
        child.once('exit', (code) => fail(new Error(`${name} ended with ${code}: ${said}`)))
      })
    }
    const second = await kijabi(['master', '--config', config, '--name', 'm1'])
    assert.equal(second.code, 78)
    assert.match(second.stderr, /in use by another process/)
    for (const child of started.splice(0).reverse()) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      assert.deepEqual(await ended, [0, null])
    }
  } finally {
    for (const child of started) child.kill('SIGKILL')
    await cluster.remove()
  }
})

test('a user without rights gets simulated containers that answer at their ClusterIP', async (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root may become another user')
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-test-'))
  try {
    // Readable for that user, wherever the working tree lies.
    chmodSync(directory, 0o755)
    cpSync(join(root, 'dist', 'src'), join(directory, 'dist', 'src'), { recursive: true })
    cpSync(join(root, 'package.json'), join(directory, 'package.json'))
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
    const home = join(directory, 'home')
    mkdirSync(home)
    chmodSync(home, 0o777)
    const as = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath]
    const program = [...as, join(directory, 'dist', 'src', 'boot', 'main.js')]
    const env = { HOME: home, DOCKER_HOST: 'unix:///nothing.sock' }
    const run = (...parameters: string[]) =>
      runProgram('setpriv', [...program, ...parameters], { env, timeoutMs: 120_000 })
    const readable = await runProgram('setpriv', [
      ...as,
      '-e',
      'require("node:fs").readdirSync(process.argv[1])',
      join(directory, 'node_modules/'),
    ])
    if (readable.code !== 0) return context.skip('that user may not read node_modules here')
    const data = join(home, 'data')
    const up = await run(
      'up',
      '-d',
      '--data-dir',
      data,
      '--masters',
      '1',
      '--workers',
      '1',
      '--api-port',
      '0',
    )
    assert.equal(up.code, 0, up.stderr)
    assert.match(up.stderr, /^no Docker here: containers are simulated \(--runtime sim\)$/m)
    try {
      await serves(new RawApi(join(data, 'kubeconfig')))
    } finally {
      const down = await run('down', '--data-dir', data)
      assert.equal(down.code, 0, down.stderr)
    }
    assert.deepEqual(processesNaming(data), [])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

async function serves(api: RawApi): Promise<void> {
  const create = async (
    resource: string,
    object: object,
  ): Promise<{ spec: { clusterIP: string } }> => {
    const path = `/api/v1/namespaces/default/${resource}`
    const { code, body } = await api.json(path, { method: 'POST', body: JSON.stringify(object) })
    assert.equal(code, 201, JSON.stringify(body))
    return body
  }
  const metadata = { name: 'web', labels: { app: 'web' } }
  const ports = [{ containerPort: 8080 }]
  await create('pods', { metadata, spec: { containers: [{ name: 'web', image: 'any:1', ports }] } })
  const { spec } = await create('services', {
    metadata,
    spec: { selector: { app: 'web' }, ports: [{ port: 8080 }] },
  })
  const endMs = Date.now() + 90_000
  for (let said = ''; said !== 'web\n'; ) {
    assert.ok(Date.now() < endMs, `the Service at ${spec.clusterIP} never answered: ${said}`)
    said = await fetch(`http://${spec.clusterIP}:8080/`, { headers: { connection: 'close' } }).then(
      (answer) => answer.text(),
      // Each question of the API takes a moment: nothing spins.
      async (error: unknown) => `${error} ${(await api.send('/readyz')).code}`,
    )
  }
}
