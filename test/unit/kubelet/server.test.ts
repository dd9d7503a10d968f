import assert from 'node:assert/strict'
import { request } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { systemRandom } from '../../../src/base/random.ts'
import { createAuthority, issueLeaf, type KeyPair } from '../../../src/boot/config/certificates.ts'
import { observePods } from '../../../src/kubelet/observe.ts'
import type { Runtime } from '../../../src/kubelet/runtime/runtime.ts'
import { createSimRuntime } from '../../../src/kubelet/runtime/sim.ts'
import { readExecMessage } from '../../../src/kubelet/server/exec-channels.ts'
import { KubeletServer } from '../../../src/kubelet/server/server.ts'
import { parseLogQuery, parseStreamPath } from '../../../src/kubelet/server/stream-request.ts'
import { containerConfig, sandboxConfig } from '../../contract/runtime.ts'

const pulling = {
  metadata: { name: 'pulling', namespace: 'default' },
  status: {
    phase: 'Pending',
    containerStatuses: [
      {
        ...{ name: 'main', ready: false, restartCount: 0, image: 'x', imageID: '' },
        state: { waiting: { reason: 'ErrImageNeverPull' } },
      },
    ],
  },
}

interface ExecRun {
  readonly stdout: string
  readonly stderr: string
  readonly status: { status: string; reason?: string; details?: { causes: { message: string }[] } }
}

describe('kubelet server', () => {
  let authority: KeyPair
  let master: KeyPair
  let worker: KeyPair
  let server: KubeletServer
  let runtime: Runtime

  before(async () => {
    const now = Date.now()
    authority = await createAuthority('test', now)
    const leaf = (commonName: string, organizations: string[], hosts: string[] = []) =>
      issueLeaf(authority, { commonName, organizations, hosts }, now)
    master = await leaf('kube-apiserver-kubelet-client', ['kijabi:masters'])
    worker = await leaf('system:node:w2', ['system:nodes'])
    const own = await leaf('system:node:w1', ['system:nodes'], ['127.0.0.1'])
    runtime = createSimRuntime({
      clusterId: `server-${process.pid}`,
      nodeName: 'w1',
      nodeIndex: 240,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    })
    server = new KubeletServer(
      { host: '127.0.0.1', port: 0, tls: { ...own, ca: authority.certificate } },
      {
        runtime,
        clock: systemClock,
        logger: silentLogger,
        pods: () => [{ metadata: { name: 'web' } }, pulling],
        containers: async ({ pod, container }) => {
          const all = [...observePods(await runtime.list()).values()]
          return all.find((one) => one.pod.name === pod)?.containers.get(container) ?? []
        },
      },
    )
    await server.start()
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const config = containerConfig('any:1', ['sh', '-c', 'echo first; echo second; sleep 600'])
    await runtime.startContainer(await runtime.createContainer(sandbox, config))
  })

  after(async () => {
    await server.stop()
    await runtime.close()
  })

  function get(path: string, client: KeyPair | undefined): Promise<{ code: number; text: string }> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          ...server.address,
          path,
          ca: authority.certificate,
          agent: false,
          ...(client ? { cert: client.certificate, key: client.privateKey } : {}),
        },
        (response) => {
          let text = ''
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString('utf8')
          })
          response.once('end', () => resolve({ code: response.statusCode ?? 0, text }))
        },
      )
      outgoing.once('error', reject)
      outgoing.end()
    })
  }

  function open(query: string, client: KeyPair, protocol = 'v5.channel.k8s.io'): WebSocket {
    const { host, port } = server.address
    return new WebSocket(`wss://${host}:${port}/exec/default/web/main?${query}`, [protocol], {
      ca: authority.certificate,
      cert: client.certificate,
      key: client.privateKey,
    })
  }

  function run(query: string, input?: string): Promise<ExecRun> {
    return new Promise((resolve, reject) => {
      const socket = open(query, master)
      const texts = ['', '', '', '']
      socket.on('message', (data: Buffer) => {
        const channel = data[0] ?? 0
        texts[channel] += data.subarray(1).toString('utf8')
      })
      socket.once('error', reject)
      socket.once('close', () =>
        resolve({
          stdout: texts[1] ?? '',
          stderr: texts[2] ?? '',
          status: JSON.parse(texts[3] ?? ''),
        }),
      )
      socket.once('open', () => {
        if (input === undefined) return
        socket.send(Buffer.from(`\0${input}`))
        socket.send(Buffer.of(255, 0))
      })
    })
  }

  test('asks for a master’s certificate, except for health', async () => {
    assert.deepEqual(await get('/healthz', undefined), { code: 200, text: 'ok' })
    const path = '/containerLogs/default/web/main'
    assert.equal((await get(path, undefined)).code, 401)
    assert.equal((await get(path, worker)).code, 403)
    assert.equal((await get(path, master)).code, 200)
    assert.equal((await get('/pods', worker)).code, 403)
    assert.equal(JSON.parse((await get('/pods', master)).text).items[0].metadata.name, 'web')
    const refused = open('command=true', worker)
    const code = await new Promise((resolve) => {
      refused.once('unexpected-response', (_, response) => {
        response.resume()
        resolve(response.statusCode)
      })
    })
    assert.equal(code, 403)
  })

  test('logs, whole and in part, and what is not there', async () => {
    const path = '/containerLogs/default/web/main'
    assert.equal((await get(path, master)).text, 'first\nsecond\n')
    assert.equal((await get(`${path}?tailLines=1`, master)).text, 'second\n')
    assert.equal((await get(`${path}?limitBytes=3`, master)).text, 'fir')
    assert.match((await get(`${path}?timestamps=true`, master)).text, /^\d{4}-.*Z first\n/)
    const previous = await get(`${path}?previous=true`, master)
    assert.equal(previous.code, 400)
    assert.match(previous.text, /^previous terminated container "main" in pod "web" not found/)
    const other = await get('/containerLogs/default/web/other', master)
    assert.match(other.text, /waiting to start/)
    const pulled = await get('/containerLogs/default/pulling/main', master)
    assert.match(pulled.text, /is waiting to start: ErrImageNeverPull/)
    assert.equal((await get('/stats', master)).code, 404)
    assert.match((await get('/portForward/default/web', master)).text, /does not serve portForward/)
  })

  test('exec without an upgrade: first what stands in the way', async () => {
    const exec = (container: string) => get(`/exec/default/web/${container}?command=ls`, master)
    assert.equal((await exec('main')).code, 426)
    assert.match((await exec('other')).text, /^container other is not running in pod web/)
  })

  test('exec: output, exit code, input with its end', async () => {
    const command = 'command=sh&command=-c&command=echo+out%3B+echo+err+%3E%262%3B+exit+5'
    const failed = await run(`${command}&output=1&error=1`)
    assert.deepEqual([failed.stdout, failed.stderr], ['out\n', 'err\n'])
    assert.equal(failed.status.reason, 'NonZeroExitCode')
    assert.equal(failed.status.details?.causes[0]?.message, '5')
    const cat = await run('command=cat&input=1&output=1', 'back and forth')
    assert.equal(cat.stdout, 'back and forth')
    assert.equal(cat.status.status, 'Success')
  })

  test('a client that hangs up ends its command; other protocols are refused', async () => {
    const socket = open('command=sleep&command=600&output=1', master)
    await new Promise((resolve) => socket.once('open', resolve))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.close()
    await closed
    const odd = open('command=true', master, 'v1.channel.k8s.io')
    const code = await new Promise((resolve) => {
      odd.once('unexpected-response', (_, response) => {
        response.resume()
        resolve(response.statusCode)
      })
    })
    assert.equal(code, 400)
  })
})

test('paths, queries and messages of streams', () => {
  assert.deepEqual(parseStreamPath('/exec/ns/p%20d/c'), {
    what: 'exec',
    namespace: 'ns',
    pod: 'p d',
    container: 'c',
  })
  for (const path of ['/', '/exec/ns/pod', '/exec/ns/pod/c/more', '/run/ns/pod/c', '/exec/n/p/%zz'])
    assert.equal(parseStreamPath(path), undefined, path)
  const since = parseLogQuery(new URLSearchParams('sinceSeconds=10&follow=true'), 60_000)
  assert.deepEqual([since.options.sinceMs, since.options.follow], [50_000, true])
  const time = parseLogQuery(new URLSearchParams('sinceTime=1970-01-01T00:00:05Z'), 60_000)
  assert.equal(time.options.sinceMs, 5000)
  const v5 = 'v5.channel.k8s.io'
  const size = Buffer.from('\x04{"Width":80,"Height":24}')
  assert.deepEqual(readExecMessage(size, v5), { kind: 'resize', columns: 80, rows: 24 })
  assert.equal(readExecMessage(Buffer.from('\x04nonsense'), v5), undefined)
  assert.deepEqual(readExecMessage(Buffer.of(255, 0), v5), { kind: 'endOfStdin' })
  assert.equal(readExecMessage(Buffer.of(255, 0), 'v4.channel.k8s.io'), undefined)
  assert.equal(readExecMessage(Buffer.alloc(0), v5), undefined)
})
