import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { isReady } from '../../src/kubelet/status.ts'
import { eventually } from '../process/eventually.ts'
import { ask, labMissing, PodLab, server } from './pod-lab.ts'

const skip = await labMissing()

describe('clusters side by side on one host', { skip, timeout: 480_000 }, () => {
  const labs: PodLab[] = []
  const addresses: string[] = []
  before(async () => {
    for (const runtime of ['docker', 'docker', 'sim'] as const)
      labs.push(await PodLab.start({ runtime, masters: 1, workers: 1 }))
  })
  after(async () => {
    for (const lab of labs) await lab.remove()
  })

  const answers = (index: number) =>
    eventually(`the Service of cluster ${index} answers`, async () => {
      const said = await ask(addresses[index] ?? '', 8080)
      return said === `pod-${index}` || undefined
    })
  const tables = () => spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' }).stdout ?? ''

  test('each has a network of its own, and its Services lead to its own pods', async () => {
    for (const [index, lab] of labs.entries()) {
      const name = `pod-${index}`
      const ports = [{ containerPort: 8080 }]
      await lab.create(name, { containers: [server({ ports })] }, { app: 'same' })
      const { spec } = await lab.service('same', { ports: [{ port: 8080 }] })
      addresses.push(spec?.clusterIP ?? '')
      await lab.until(name, 'Ready', (pod) => isReady(pod.status))
    }
    const networks = addresses.map((address) => address.split('.').slice(0, 2).join('.'))
    assert.equal(new Set(networks).size, labs.length, networks.join(' '))
    for (const index of labs.keys()) await answers(index)
    const stranger = await labs[1]?.dockerPods('pod-0')
    assert.equal(stranger?.stdout, '')
  })

  test('down of one takes its own rules and containers, and leaves the others', async () => {
    const [first, second] = labs
    const ids = [first?.clusterId ?? '', second?.clusterId ?? '']
    labs.shift()
    await first?.remove()
    assert.equal(tables().includes(ids[0] ?? ''), false)
    assert.equal(tables().includes(ids[1] ?? ''), true)
    await answers(1)
    await answers(2)
    assert.notEqual((await second?.dockerPods('pod-1'))?.stdout, '')
    assert.equal((await ask(addresses[0] ?? '', 8080)) === 'pod-0', false)
  })
})
