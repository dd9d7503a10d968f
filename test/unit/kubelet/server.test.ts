import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import type { KeyPair } from '../../../src/boot/config/certificates.ts'
import { parseLogQuery, parseStreamPath } from '../../../src/kubelet/server/stream-request.ts'
import { type ServerLab, startServerLab } from './server-lab.ts'

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
  let lab: ServerLab
  let master: KeyPair
  let worker: KeyPair

  before(async () => {
    lab = await startServerLab(240, [{ metadata: { name: 'web' } }, pulling])
    master = lab.master
    worker = await lab.leaf('system:node:w2', ['system:nodes'])
    await lab.run('web', { args: ['sh', '-c', 'echo first; echo second; sleep 86400'] })
  })

  after(() => lab.stop())

  function get(path: string, client: KeyPair | undefined): Promise<{ code: number; text: string }> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          ...lab.address,
          path,
          ca: lab.ca,
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
    const { host, port } = lab.address
    return new WebSocket(`wss://${host}:${port}/exec/default/web/main?${query}`, [protocol], {
      ca: lab.ca,
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
  })

  test('what node, pods and containers have used, for Prometheus and as a summary', async () => {
    const text = (await get('/metrics/resource', master)).text
    assert.match(
      text,
      /^# TYPE node_cpu_usage_seconds_total counter\nnode_cpu_usage_seconds_total 12\.5 \d+$/m,
    )
    const labels = 'container="main",namespace="default",pod="web"'
    assert.match(
      text,
      new RegExp(`^container_memory_working_set_bytes{${labels}} 1048576 \\d+$`, 'm'),
    )
    assert.match(text, /^pod_cpu_usage_seconds_total{namespace="default",pod="web"} [\d.e-]+ \d+$/m)
    assert.match(text, /^resource_scrape_error 0$/m)
    const { node, pods } = JSON.parse((await get('/stats/summary', master)).text)
    assert.deepEqual([node.nodeName, node.memory.availableBytes], ['w1', 5_000])
    assert.deepEqual(pods[0].podRef, { name: 'web', namespace: 'default', uid: 'uid-web' })
    assert.equal(pods[0].containers[0].memory.workingSetBytes, 1_048_576)
    assert.equal((await get('/metrics/resource', worker)).code, 403)
  })

  test('exec without an upgrade: first what stands in the way', async () => {
    const exec = (container: string) => get(`/exec/default/web/${container}?command=ls`, master)
    assert.deepEqual(await exec('main'), { code: 400, text: 'Upgrade request required\n' })
    assert.match((await get('/portForward/default/none', master)).text, /^pod none is not running/)
    assert.deepEqual(await exec('other'), { code: 500, text: 'container not found ("other")\n' })
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

  test('exec into what does not run: said on the error channel, over SPDY by the answer', async () => {
    const path = '/exec/default/web/other?command=ls&output=1'
    const socket = lab.webSocket(path, 'v5.channel.k8s.io')
    const [data] = (await once(socket, 'message')) as [Buffer]
    assert.equal(data[0], 3)
    const { status, code, message } = JSON.parse(data.subarray(1).toString('utf8'))
    assert.deepEqual([status, code], ['Failure', 500])
    assert.equal(
      message,
      'Internal error occurred: unable to upgrade connection: container not found ("other")',
    )
    await once(socket, 'close')
    const spdy = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' }
    await assert.rejects(lab.upgrade(path, spdy), /500.*container not found \("other"\)/s)
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
  const bad = ['/', '/exec/ns/pod', '/exec/ns/pod/c/more', '/run/ns/pod/c', '/exec/n/p/%zz']
  for (const path of [...bad, '/portForward/ns/pod/c', '/portForward/ns'])
    assert.equal(parseStreamPath(path), undefined, path)
  assert.equal(parseStreamPath('/portForward/ns/pod')?.what, 'portForward')
  const since = parseLogQuery(new URLSearchParams('sinceSeconds=10&follow=true'), 60_000)
  assert.deepEqual([since.options.sinceMs, since.options.follow], [50_000, true])
  const time = parseLogQuery(new URLSearchParams('sinceTime=1970-01-01T00:00:05Z'), 60_000)
  assert.equal(time.options.sinceMs, 5000)
})
