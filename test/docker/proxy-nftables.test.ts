import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { silentLogger } from '../../src/base/log.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { KernelDataplane, kernelIsWritable } from '../../src/proxy/dataplane/kernel.ts'
import { changeText, fullText, layoutOf } from '../../src/proxy/dataplane/nftables.ts'
import type { RunProgram } from '../../src/proxy/dataplane/program.ts'
import type { Endpoint, PortRules } from '../../src/proxy/rules.ts'
import { NetworkLab } from './proxy-lab.ts'

const table = 'kijabi-lab'
const clusterIp = '10.96.0.10'
/** That one of two endpoints is not chosen in so many rounds is as likely as a broken machine. */
const roundsMax = 64

function web(endpoints: Endpoint[], affinitySeconds?: number): PortRules {
  return {
    key: 'default/web:/tcp',
    protocol: 'tcp',
    frontends: [
      { kind: 'cluster-ip', ip: clusterIp, port: 80 },
      { kind: 'node-port', ip: '', port: 30_080 },
    ],
    endpoints,
    affinitySeconds,
  }
}

const pod = (index: number): Endpoint => ({ ip: `10.88.0.${10 + index}`, port: 8080 })

describe('kernel rules', { skip: NetworkLab.missing() }, () => {
  const lab = new NetworkLab()
  let run: RunProgram
  let plane: KernelDataplane

  before(async () => {
    lab.build(3)
    run = lab.runIn('h')
    // The lab's bridge may or may not show its frames to connection tracking.
    plane = new KernelDataplane({ table, logger: silentLogger, run, masqueradeAll: true })
    await Promise.all([1, 2].map((index) => lab.serve(`p${index}`, 8080, `p${index}`)))
  })
  after(() => lab.remove())

  /** Who answers, in so many rounds at least, and until `count` have: the kernel chooses at random. */
  const answers = async (from: string, ip: string, port: number, rounds = 12, count = 1) => {
    const seen = new Set<string>()
    for (let round = 0; round < rounds || (seen.size < count && round < roundsMax); round++) {
      const answer = await lab.ask(from, ip, port)
      seen.add(answer.split(' ')[0] ?? '')
    }
    return [...seen].sort()
  }
  const bothAnswer = async (from: string, ip: string, port: number) =>
    assert.deepEqual(await answers(from, ip, port, 12, 2), ['p1', 'p2'])

  test('the kernel takes the rules', async () => {
    assert.equal(await kernelIsWritable(run, table), true)
    assert.equal(await plane.intact(), false)
    await plane.apply([web([pod(1), pod(2)])])
    assert.equal(await plane.intact(), true)
  })

  test('host and pods reach a cluster IP, and all its endpoints', async () => {
    await bothAnswer('h', clusterIp, 80)
    await bothAnswer('p3', clusterIp, 80)
  })

  test('a client outside reaches the node port, masqueraded', async () => {
    await bothAnswer('c', '192.0.2.1', 30_080)
    assert.match(await lab.ask('c', '192.0.2.1', 30_080), /10\.88\.0\.1$/)
    await bothAnswer('h', '192.0.2.1', 30_080)
  })

  test('[sig-network] Services should serve endpoints on same port and different protocols [Conformance]', async () => {
    // A port of the cluster IP that the service has not, or not for this protocol.
    for (const from of ['h', 'p3'])
      await assert.rejects(lab.ask(from, clusterIp, 81), /refused/, from)
  })

  test('the loss of an endpoint sends all to the other one', async () => {
    await plane.apply([web([pod(2)])])
    assert.deepEqual(await answers('h', clusterIp, 80, 6), ['p2'])
  })

  test('a pod reaches itself through its service', async () => {
    await plane.apply([web([pod(1)])])
    assert.match(await lab.ask('p1', clusterIp, 80), /^p1 /)
  })

  test('without endpoints connections are refused, not left to time out', async () => {
    await plane.apply([web([])])
    for (const [from, ip, port] of [
      ['h', clusterIp, 80],
      ['p3', clusterIp, 80],
      ['c', '192.0.2.1', 30_080],
    ] as const)
      await assert.rejects(lab.ask(from, ip, port), /refused/)
  })

  test('the policy Local: who is outside reaches this host’s pods with its own address', async () => {
    await plane.apply([{ ...web([pod(1), pod(2)]), local: [pod(1)] }])
    assert.deepEqual(await answers('c', '192.0.2.1', 30_080), ['p1'])
    assert.match(await lab.ask('c', '192.0.2.1', 30_080), /192\.0\.2\.2$/)
    for (const from of ['h', 'p3']) {
      await bothAnswer(from, '192.0.2.1', 30_080)
      await bothAnswer(from, clusterIp, 80)
    }
  })

  test('the policy Local without a pod on this host: dropped for who is outside alone', async () => {
    await plane.apply([{ ...web([pod(2)]), local: [] }])
    await assert.rejects(lab.ask('c', '192.0.2.1', 30_080), /timed out/)
    for (const from of ['h', 'p3'])
      assert.deepEqual(await answers(from, '192.0.2.1', 30_080, 2), ['p2'])
    const inside: PortRules = { ...web([]), drops: true }
    await plane.apply([inside])
    for (const from of ['h', 'p3']) await assert.rejects(lab.ask(from, clusterIp, 80), /timed out/)
  })

  test('a client with affinity stays, also when other endpoints come', async () => {
    await plane.apply([web([pod(1)], 60)])
    assert.deepEqual(await answers('p3', clusterIp, 80, 2), ['p1'])
    await plane.apply([web([pod(1), pod(2)], 60)])
    assert.deepEqual(await answers('p3', clusterIp, 80), ['p1'])
    await plane.apply([web([pod(2)], 60)])
    assert.deepEqual(await answers('p3', clusterIp, 80, 3), ['p2'])
  })

  test('rules that someone flushed are written again', async () => {
    await run('nft', ['flush', 'ruleset'], '')
    assert.equal(await plane.intact(), false)
    await plane.apply([web([pod(1)])])
    assert.deepEqual(await answers('h', clusterIp, 80, 2), ['p1'])
  })

  test('a flow of UDP leaves an endpoint that is gone', async () => {
    const dns = (endpoints: Endpoint[]): PortRules => ({
      key: 'default/dns:/udp',
      protocol: 'udp',
      frontends: [{ kind: 'cluster-ip', ip: '10.96.0.53', port: 53 }],
      endpoints,
      affinitySeconds: undefined,
    })
    await plane.apply([dns([pod(1)])])
    const send =
      "const s = require('node:dgram').createSocket('udp4'); s.send('x', 53, '10.96.0.53', () => s.close())"
    await run(process.execPath, ['-e', send], '')
    const flows = () => run('conntrack', ['-L', '-p', 'udp', '--orig-dst', '10.96.0.53'], '')
    assert.match(await flows(), /src=10\.88\.0\.11/)
    await plane.apply([dns([pod(2)])])
    assert.doesNotMatch(await flows(), /src=10\.88\.0\.11/)
  })

  test('where bridged frames are tracked, pods keep their addresses', async (context) => {
    try {
      await run('sh', ['-c', 'echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables'], '')
    } catch {
      context.skip('needs the kernel module br_netfilter')
      return
    }
    const plain = new KernelDataplane({ table, logger: silentLogger, run, masqueradeAll: false })
    await plain.apply([web([pod(1), pod(2)])])
    await bothAnswer('p3', clusterIp, 80)
    assert.match(await lab.ask('p3', clusterIp, 80), /10\.88\.0\.13$/)
    await plain.apply([web([pod(1)])])
    assert.match(await lab.ask('p1', clusterIp, 80), /^p1 10\.88\.0\.1$/)
  })

  test("Docker's forward policy lets node ports through", async () => {
    const iptables = (...args: string[]) => run('iptables', args, '')
    await iptables('-N', 'DOCKER-USER')
    await iptables('-A', 'FORWARD', '-j', 'DOCKER-USER')
    const established = ['-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT']
    await iptables('-A', 'FORWARD', '-o', 'br0', ...established)
    await iptables('-A', 'FORWARD', '-i', 'br0', '-j', 'ACCEPT')
    await iptables('-P', 'FORWARD', 'DROP')
    const docked = new KernelDataplane({ table, logger: silentLogger, run, masqueradeAll: false })
    await docked.apply([web([pod(1), pod(2)])])
    await bothAnswer('c', '192.0.2.1', 30_080)
    await bothAnswer('p3', clusterIp, 80)
    await assert.rejects(lab.ask('c', '10.88.0.11', 8080), 'others stay out')
    await docked.remove()
    assert.doesNotMatch(await iptables('-S', 'DOCKER-USER'), /ACCEPT/)
    await run('nft', ['flush', 'ruleset'], '')
  })

  test('differences lead where whole tables lead', async () => {
    const seed = 20_261_123
    const random = new SeededRandom(seed)
    const listing = () => run('nft', ['list', 'table', 'ip', table], '')
    const sorted = (text: string) => text.split('\n').sort().join('\n')
    let layout = layoutOf([], { masqueradeAll: false })
    await run('nft', ['-f', '-'], fullText(table, layout))
    for (let step = 0; step < 25; step++) {
      const rules = Array.from({ length: random.integer(0, 4) }, (_, index) => ({
        ...web(
          Array.from({ length: random.integer(0, 4) }, (__, number) => pod(number + 1)),
          random.integer(0, 3) === 0 ? 60 * random.integer(1, 3) : undefined,
        ),
        key: `default/s${random.integer(0, 5)}:${index}/tcp`,
        frontends: [
          { kind: 'cluster-ip' as const, ip: `10.96.0.${random.integer(1, 4)}`, port: 80 },
          { kind: 'node-port' as const, ip: '', port: 30_000 + random.integer(0, 3) },
        ],
      }))
      const next = layoutOf(rules, { masqueradeAll: false })
      const change = changeText(table, layout, next)
      if (change) await run('nft', ['-f', '-'], change)
      const byChange = sorted(await listing())
      await run('nft', ['-f', '-'], fullText(table, next))
      assert.equal(byChange, sorted(await listing()), `seed ${seed} step ${step}`)
      layout = next
    }
  })

  test('removal leaves nothing', async () => {
    await plane.remove()
    assert.equal((await run('nft', ['list', 'ruleset'], '')).trim(), '')
  })
})
