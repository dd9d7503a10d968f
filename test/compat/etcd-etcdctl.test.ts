import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { EtcdClient } from '../../src/api/etcd/wire/client.ts'
import { kvService, maintenanceService } from '../../src/api/etcd/wire/services.ts'
import { eventually } from '../process/eventually.ts'
import { readJson, startTestCluster, type TestCluster } from '../process/test-cluster.ts'
import { clientTls, type EtcdServer, hasEtcd, startEtcd } from './etcd-server.ts'
import { finish, masked, run, type Side, settled, start, stopAll } from './etcdctl.ts'
import { script } from './etcdctl-script.ts'
import { openPlainDoor } from './plain-door.ts'

/** Three masters of kijabi and three members of etcd, behind the same certificates. */
interface Both {
  readonly cluster: TestCluster
  readonly etcd: EtcdServer
  readonly files: { readonly ca: string; readonly certificate: string; readonly key: string }
  readonly kijabiEndpoints: readonly string[]
}

async function startBoth(): Promise<Both> {
  // No workers: nothing but the script writes, so revisions differ by a constant.
  const cluster = await startTestCluster({
    ...{ runtime: 'sim', workers: 0, flags: ['--etcd-port', '0'] },
  })
  const pki = (file: string) => join(cluster.directory, 'pki', file)
  const files = { ca: pki('ca.crt'), certificate: pki('admin.crt'), key: pki('admin.key') }
  const server = { ca: pki('ca.crt'), certificate: pki('m1.crt'), key: pki('m1.key') }
  const { masters } = readJson(join(cluster.directory, 'cluster.json')) as {
    masters: { etcdAddress: string }[]
  }
  try {
    const etcd = await startEtcd({ members: 3, tls: server })
    return { cluster, etcd, files, kijabiEndpoints: masters.map((one) => one.etcdAddress) }
  } catch (error) {
    await cluster.remove()
    throw error
  }
}

const restMs = 5_000

/** A new cluster writes its first objects for a while: waits until no revision comes any more. */
async function revisionAtRest(client: EtcdClient): Promise<number> {
  let revision = 0
  let sinceMs = performance.now()
  while (performance.now() - sinceMs < restMs) {
    const { header } = await client.call(kvService.range, { key: Buffer.from('a') })
    if (header?.revision === revision) continue
    revision = header?.revision ?? 1
    sinceMs = performance.now()
  }
  return revision
}

async function sideOf(
  name: string,
  endpoints: readonly string[],
  { files }: Both,
  directory: string,
): Promise<Side> {
  const tls = clientTls(files)
  const client = new EtcdClient({ endpoint: endpoints[0] ?? '', tls })
  const revision = await revisionAtRest(client)
  client.close()
  const { ca, certificate, key } = files
  const flags = [`--endpoints=${endpoints.join(',')}`, `--cacert=${ca}`, `--cert=${certificate}`]
  return {
    ...{ name, flags: [...flags, `--key=${key}`], offset: revision - 1 },
    ...{ names: new Map([['DIRECTORY', directory], ...tooLarge]), running: new Map() },
  }
}

/** Values beyond what etcd takes in a request, and beyond what its client sends. */
const tooLarge: [string, string][] = [
  ['LARGE', 'x'.repeat(1.6 * 1024 * 1024)],
  ['LARGER', 'x'.repeat(2.1 * 1024 * 1024)],
]

test('etcdctl says the same of kijabi as of etcd', async (context) => {
  if (!hasEtcd()) return context.skip('etcd is not installed')
  const both = await startBoth()
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-etcdctl-'))
  try {
    const etcd = await sideOf('etcd', both.etcd.endpoints, both, directory)
    const kijabi = await sideOf('kijabi', both.kijabiEndpoints, both, directory)
    await context.test('line by line', (inner) => compare(inner, etcd, kijabi))
    await context.test('the leader moves', () => moveLeaders(both, etcd, kijabi))
    await context.test('monitoring', (inner) => compareMonitoring(inner, both))
    await context.test('check datascale', () => checkDataScale(both))
    await context.test('check perf', (inner) => checkPerformance(inner, etcd, kijabi))
  } finally {
    rmSync(directory, { recursive: true, force: true })
    await both.etcd.stop()
    await both.cluster.remove()
  }
})

async function compare(context: TestContext, etcd: Side, kijabi: Side): Promise<void> {
  const differences: string[] = []
  let lines = 0
  try {
    for (const step of script) {
      lines += 1
      const [expected, actual] = await Promise.all(
        [etcd, kijabi].map(async (side) => {
          if (typeof step === 'string') {
            const { code, stdout, stderr } = await run(side, step)
            return settled(step, masked(side, `${stdout}${stderr}exit ${code}\n`))
          }
          if ('start' in step) return start(side, step.start, step.line)
          return settled(step.finish, masked(side, await finish(side, step.finish, step.until)))
        }),
      )
      if (expected === actual && !expected?.includes('never said')) continue
      const what = typeof step === 'string' ? step : JSON.stringify(step)
      differences.push(`${what}\n--- etcd\n${expected}+++ kijabi\n${actual}`)
    }
  } finally {
    await stopAll(etcd)
    await stopAll(kijabi)
  }
  context.diagnostic(`${lines} lines`)
  assert.ok(lines >= 150, `the script has ${lines} lines`)
  assert.deepEqual(differences.join('\n'), '')
}

/** Who leads, once all members say the same of it. */
function leaderOf(endpoints: readonly string[], both: Both) {
  return eventually('one leader, by the answer of each member', async () => {
    const seen = await Promise.all(
      endpoints.map(async (endpoint) => {
        const client = new EtcdClient({ endpoint, tls: clientTls(both.files) })
        const { header, leader } = await client.call(maintenanceService.status, {})
        client.close()
        return { endpoint, memberId: header?.memberId, leader }
      }),
    )
    const leading = seen.find(({ memberId, leader }) => memberId === leader)
    const agreed = seen.every(({ leader }) => leader === leading?.memberId)
    return agreed ? leading : undefined
  })
}

async function moveLeaders(both: Both, etcd: Side, kijabi: Side): Promise<void> {
  const sides = [
    { side: etcd, endpoints: both.etcd.endpoints },
    { side: kijabi, endpoints: both.kijabiEndpoints },
  ]
  const said = await Promise.all(
    sides.map(async ({ side, endpoints }) => {
      const { endpoint, leader } = await leaderOf(endpoints, both)
      const list = await run(side, 'member list')
      const ids = list.stdout.split('\n').map((line) => line.split(',')[0] ?? '')
      const target = ids.find((id) => id !== '' && BigInt(`0x${id}`) !== leader)
      const follower = endpoints.find((one) => one !== endpoint)
      const at = (one: string | undefined) => ({
        ...side,
        flags: [`--endpoints=${one}`, ...side.flags.slice(1)],
      })
      const refused = await run(at(follower), `move-leader ${target}`)
      const moved = await run(at(endpoint), `move-leader ${target}`)
      assert.equal((await leaderOf(endpoints, both)).leader, BigInt(`0x${target}`), side.name)
      const text = `${refused.stderr}${refused.code} ${moved.stdout}${moved.stderr}${moved.code}`
      return masked(side, text).replaceAll(/from \S+ to \S+/g, 'from ID to ID')
    }),
  )
  assert.equal(said[1], said[0])
}

/** What monitoring and the probes of kubeadm's static pods ask for. 3.4 has no livez and readyz yet. */
const monitored = [
  ...['/health', '/health?serializable=true', '/health?exclude=NOSPACE&serializable=true'],
  ...['/livez', '/livez?verbose', '/livez/serializable_read', '/readyz', '/readyz/nonsense'],
  ...['/readyz/non_learner?verbose', '/readyz?exclude=nonsense', '/readyz/linearizable_read'],
  ...['/readyz?verbose', '/version', '/nonsense', '/'],
]

async function compareMonitoring(context: TestContext, both: Both): Promise<void> {
  const { ca, certificate: cert, privateKey: key } = clientTls(both.files)
  // Who offers nothing at the handshake is taken for gRPC, here and by etcd.
  const tls = { ca, cert, key, ALPNProtocols: ['http/1.1'] }
  const ask = (endpoint = '', path = '') =>
    new Promise<{ code: number | undefined; lines: string[] }>((resolve, reject) => {
      const asked = get(`https://${endpoint}${path}`, { ...tls, agent: false }, (answer) => {
        let said = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          said += chunk
        })
        // etcd's checks come in no order; 3.4's health gives no reason.
        const even = () =>
          said
            .replaceAll(/3\.\d\.\d+/g, 'VERSION')
            .replace(',"reason":""', '')
            .split('\n')
            .sort()
        answer.on('end', () => resolve({ code: answer.statusCode, lines: even() }))
      })
      asked.on('error', reject)
    })
  let compared = 0
  for (const path of monitored) {
    const expected = await ask(both.etcd.endpoints[0], path)
    if (expected.code === 404 && /^.(livez|readyz)/.test(path)) continue
    assert.deepEqual(await ask(both.kijabiEndpoints[0], path), expected, path)
    compared += 1
  }
  context.diagnostic(`${compared} paths`)
}

async function checkDataScale(both: Both): Promise<void> {
  const tls = clientTls(both.files)
  const { runProgram } = await import('./kubectl-binary.ts')
  const said: string[] = []
  for (const endpoint of [both.etcd.endpoints[0], both.kijabiEndpoints[0]]) {
    const door = await openPlainDoor(endpoint ?? '', tls)
    const ran = await runProgram(
      'etcdctl',
      [`--endpoints=${door.address}`, 'check', 'datascale', '--load=s'],
      { timeoutMs: 120_000 },
    )
    door.close()
    const verdict = `${ran.stdout}`.split('\n').filter((line) => /^(PASS|FAIL)/.test(line))
    said.push(`${verdict.join('\n').replaceAll(/[\d.]+ ?\S*B/g, 'SIZE')} exit ${ran.code}`)
  }
  assert.match(said[0] ?? '', /^PASS/)
  assert.equal(said[1], said[0])
}

/**
 * The smallest load of etcd's own benchmark, on both at once: a minute of 150 writes a second. It fails by its
 * one slowest write, which may be this machine's doing: the best of a few minutes counts.
 */
async function checkPerformance(context: TestContext, etcd: Side, kijabi: Side): Promise<void> {
  for (let minutes = 1; ; minutes += 1) {
    const { theirs, ours } = await performanceOfBoth(context, etcd, kijabi)
    // A machine on which etcd itself fails says nothing.
    if (theirs?.code !== 0 || ours?.code === 0 || minutes === minutesMax) {
      if (theirs?.code === 0) assert.deepEqual(ours, theirs)
      return
    }
  }
}

const minutesMax = 3

async function performanceOfBoth(context: TestContext, etcd: Side, kijabi: Side) {
  const [theirs, ours] = await Promise.all(
    [etcd, kijabi].map(async (side) => {
      const { code, stdout } = await run(side, 'check perf --load=s')
      const verdict = stdout.split('\n').filter((line) => /^(PASS|FAIL)/.test(line))
      context.diagnostic(`${side.name}: ${verdict.join('; ')}`)
      return { code, verdict: verdict.map((line) => line.replaceAll(/[\d.]+/g, 'N')) }
    }),
  )
  return { theirs, ours }
}
