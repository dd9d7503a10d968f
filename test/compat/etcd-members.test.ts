import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { readJson, startTestCluster, statusWhen } from '../process/test-cluster.ts'
import { hasEtcd } from './etcd-server.ts'
import { runProgram } from './kubectl-binary.ts'
import { RawApi } from './raw-api.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'

interface Master {
  readonly id: number
  readonly name: string
  readonly raftAddress: string
  readonly etcdAddress: string
}

test('etcdctl member, asked of followers: members go, as learners come back, and are promoted', async (context) => {
  if (!hasEtcd()) return context.skip('etcd is not installed')
  const cluster = await startTestCluster({
    ...{ runtime: 'sim', workers: 0, flags: ['--etcd-port', '0'] },
  })
  const api = new RawApi(cluster.kubeconfig)
  try {
    const { masters } = readJson(join(cluster.directory, 'cluster.json')) as { masters: Master[] }
    const pki = (file: string) => join(cluster.directory, 'pki', file)
    const tls = [`--cacert=${pki('ca.crt')}`, `--cert=${pki('admin.crt')}`]
    const member = (at: Master, ...words: string[]) => {
      const flags = [`--endpoints=${at.etcdAddress}`, ...tls, `--key=${pki('admin.key')}`]
      const all = [...flags, '--command-timeout=40s', 'member', ...words]
      return runProgram('etcdctl', all, { timeoutMs: 60_000 })
    }
    const { leader } = await statusWhen(cluster, 'a leader', (one) => one.leader !== null)
    const led = masters.find(({ name }) => name === leader) as Master
    const [one, other] = masters.filter(({ name }) => name !== leader) as [Master, Master]
    let written = 0
    const whileWriting = async <T>(happens: Promise<T>): Promise<T> => {
      let over = false
      const ends = happens.finally(() => {
        over = true
      })
      for (; !over; written += 1) {
        const metadata = { name: `during-${written}` }
        const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
        const answer = await api.send(configMaps, { method: 'POST', body })
        assert.equal(answer.code, 201, answer.text)
      }
      return ends
    }
    for (const gone of [other, led]) {
      const removed = await whileWriting(member(one, 'remove', gone.id.toString(16)))
      assert.equal(removed.code, 0, removed.stderr)
      const peer = `--peer-urls=https://${gone.raftAddress}`
      const added = await member(one, 'add', gone.name, '--learner', peer)
      assert.equal(added.code, 0, added.stderr)
      assert.match(added.stdout, /added to cluster/)
      const again = await member(one, 'add', gone.name, '--learner', peer)
      assert.match(again.stderr, /Peer URLs already exists/)
      for (;;) {
        const promoted = await member(one, 'promote', gone.id.toString(16))
        if (promoted.code === 0) break
        assert.match(promoted.stderr, /only promote a learner member which is in sync/)
      }
    }
    assert.ok(written > 0)
    const { stdout } = await member(one, 'list')
    assert.equal(stdout.match(/started/g)?.length, 3, stdout)
    assert.doesNotMatch(stdout, /true$/m, 'nobody is a learner any more')
  } finally {
    await cluster.remove()
  }
})
