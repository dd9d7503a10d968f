import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RawApi } from '../compat/raw-api.ts'
import {
  kijabi,
  memberPid,
  processesNaming,
  startTestCluster,
  statusWhen,
  type TestCluster,
} from './test-cluster.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'

async function write(cluster: TestCluster, name: string): Promise<void> {
  const api = new RawApi(cluster.kubeconfig)
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
  const answer = await api.send(configMaps, { method: 'POST', body })
  assert.equal(answer.code, 201, answer.text)
}

async function names(cluster: TestCluster): Promise<string[]> {
  const { body } = await new RawApi(cluster.kubeconfig).json(configMaps)
  const { items } = body as { items: { metadata: { name: string } }[] }
  return items.map((item) => item.metadata.name).filter((name) => name.startsWith('kept'))
}

test('a cluster boots, survives its leader, resumes with all data and goes without a trace', async (context) => {
  const cluster = await startTestCluster({ runtime: 'sim' })
  try {
    await context.test('up -d ends with four lines and keeps secrets private', () => {
      const lines = cluster.output.stdout.trim().split('\n')
      assert.equal(lines.length, 4, cluster.output.stdout)
      assert.match(lines[0] ?? '', /^API\s+https:\/\/127\.0\.0\.1:\d+/)
      assert.match(lines[1] ?? '', /kubeconfig/)
      assert.match(lines[3] ?? '', /^stop .*kijabi down/)
      assert.equal(statSync(cluster.kubeconfig).mode & 0o077, 0)
      assert.equal(statSync(join(cluster.directory, 'pki', 'ca.key')).mode & 0o077, 0)
    })
    await context.test('status names the leader, members and nodes', async () => {
      const status = await statusWhen(
        cluster,
        'two ready nodes',
        (one) => one.nodes.filter((node) => node.ready).length === 2,
      )
      assert.equal(status.members.length, 3)
      assert.equal(status.members.filter((one) => one.role === 'leader').length, 1)
    })
    await context.test('a second up on the same directory is refused while it runs', async () => {
      const again = await kijabi(['up', '-d', '--data-dir', cluster.directory])
      assert.equal(again.code, 78)
      assert.match(again.stderr, /in use by a running cluster \(pid \d+\)\n.*kijabi down/)
    })
    await write(cluster, 'kept-1')
    await context.test('a killed leader is replaced, restarted, and nothing is lost', async () => {
      const before = await statusWhen(cluster, 'a leader', (one) => one.leader !== null)
      const victim = before.leader ?? ''
      process.kill(memberPid(cluster, victim), 'SIGKILL')
      await write(cluster, 'kept-2')
      await statusWhen(
        cluster,
        'three healthy members again, and a leader',
        ({ leader, members }) =>
          leader !== null && members.every((member) => member.healthy && member.lag < 10),
      )
      assert.deepEqual(await names(cluster), ['kept-1', 'kept-2'])
    })
    await context.test('down stops every process', async () => {
      const ended = await kijabi(['down', '--data-dir', cluster.directory])
      assert.equal(ended.code, 0, ended.stderr)
      assert.deepEqual(processesNaming(cluster.directory), [])
    })
    await context.test('up resumes with all data', async () => {
      const again = await kijabi(['up', '-d', '--data-dir', cluster.directory])
      assert.equal(again.code, 0, again.stderr)
      assert.deepEqual(await names(cluster), ['kept-1', 'kept-2'])
    })
    await context.test('down after a killed supervisor still leaves nothing', async () => {
      process.kill(memberPid(cluster, 'supervisor'), 'SIGKILL')
      const ended = await kijabi(['down', '--data-dir', cluster.directory])
      assert.equal(ended.code, 0, ended.stderr)
      assert.deepEqual(processesNaming(cluster.directory), [])
      assert.deepEqual(readdirSync(join(cluster.directory, 'run')), [])
    })
  } finally {
    await cluster.remove()
  }
})

test('up says what is wrong in one message, with the next step', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-test-'))
  try {
    await context.test('a port in use', async () => {
      const server = createServer()
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      const flags = ['--data-dir', directory, '--runtime', 'sim', '--api-port', `${port}`]
      const ran = await kijabi(['up', '-d', ...flags])
      await new Promise((done) => server.close(done))
      assert.equal(ran.code, 78)
      assert.match(ran.stderr, new RegExp(`port ${port} of 127.0.0.1.* is in use\\n.*--api-port`))
    })
    await context.test('a configuration that is not there', async () => {
      const ran = await kijabi(['up', '-f', join(directory, 'absent.json')])
      assert.equal(ran.code, 78)
      assert.match(ran.stderr, /cannot read .*absent\.json: ENOENT\n.*-f/)
    })
    await context.test('down without a cluster', async () => {
      const ran = await kijabi(['down', '--data-dir', join(directory, 'nothing')])
      assert.equal(ran.code, 78)
      assert.match(ran.stderr, /holds no cluster\n.*--data-dir/)
    })
    await context.test('a member from a configuration that is not resolved', async () => {
      const ran = await kijabi(['master', '--config', 'cluster.config.json', '--name', 'm1'])
      assert.equal(ran.code, 78)
      assert.match(ran.stderr, /cluster\.config\.json is no resolved cluster[\s\S]*cluster\.json/)
    })
    await context.test('an unknown flag', async () => {
      const ran = await kijabi(['up', '--mastres', '3'])
      assert.equal(ran.code, 1)
      assert.match(ran.stderr, /unknown option '--mastres'/)
    })
    assert.deepEqual(processesNaming(directory), [])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test('the command line starts fast enough to be typed at, and explains itself', async () => {
  const help = await kijabi(['--help'])
  assert.equal(help.code, 0)
  for (const command of ['up', 'down', 'status', 'master', 'worker', 'demo', 'completion'])
    assert.match(help.stdout, new RegExp(`^ {2}${command}\\b`, 'm'))
  const completion = await kijabi(['completion', 'bash'])
  assert.match(completion.stdout, /complete -o default -F _kijabi/)
  const version = await kijabi(['version', '-o', 'json'])
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  assert.equal((JSON.parse(version.stdout) as { kijabi: string }).kijabi, manifest.version)
})
