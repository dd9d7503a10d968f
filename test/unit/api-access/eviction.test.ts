import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openCluster, type TestCluster } from '../api/cluster.ts'

const pods = '/api/v1/namespaces/default/pods'
const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
const evicted = "Cannot evict pod as it would violate the pod's disruption budget."

async function openWithPods(names: readonly string[]): Promise<TestCluster> {
  const cluster = await openCluster()
  for (const name of names) {
    const labels = { app: 'web' }
    const spec = { containers: [{ name: 'c', image: 'i' }] }
    await cluster.ask('POST', pods, { metadata: { name, labels }, spec })
    await setReady(cluster, name, true)
  }
  return cluster
}

async function setReady(cluster: TestCluster, name: string, ready: boolean) {
  const { json } = await cluster.ask('GET', `${pods}/${name}`)
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }]
  const status = { phase: 'Running', conditions }
  const written = await cluster.ask('PUT', `${pods}/${name}/status`, { ...json, status })
  assert.equal(written.status, 200, written.text)
}

async function putBudget(cluster: TestCluster, name: string, spec: object, status?: object) {
  const body = { metadata: { name }, spec: { selector: { matchLabels: { app: 'web' } }, ...spec } }
  const { json } = await cluster.ask('POST', budgets, body)
  if (!status) return
  const written = await cluster.ask('PUT', `${budgets}/${name}/status`, { ...json, status })
  assert.equal(written.status, 200, written.text)
}

const evict = (cluster: TestCluster, name: string) =>
  cluster.ask('POST', `${pods}/${name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name },
  })
const counts = { observedGeneration: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 }

describe('eviction', () => {
  test('takes of the budget until nothing is left, then says what is missing, and not when to come again', async () => {
    await using cluster = await openWithPods(['a', 'b'])
    await putBudget(cluster, 'web', { minAvailable: 1 }, { ...counts, disruptionsAllowed: 1 })
    assert.equal((await evict(cluster, 'a')).status, 201)
    const { json: budget } = await cluster.ask('GET', `${budgets}/web`)
    assert.equal(budget.status.disruptionsAllowed, 0)
    assert.deepEqual(Object.keys(budget.status.disruptedPods), ['a'])
    const second = await evict(cluster, 'b')
    assert.equal(second.status, 429)
    assert.equal(second.json.message, evicted)
    assert.equal(second.headers.get('retry-after'), undefined)
    assert.deepEqual(second.json.details.causes, [
      {
        reason: 'DisruptionBudget',
        message: 'The disruption budget web needs 1 healthy pods and has 2 currently',
      },
    ])
    assert.equal((await cluster.ask('GET', `${pods}/b`)).json.metadata.deletionTimestamp, undefined)
  })

  test('waits for a budget that nobody has looked at yet', async () => {
    await using cluster = await openWithPods(['a'])
    await putBudget(cluster, 'web', { minAvailable: 0 })
    const { status, json } = await evict(cluster, 'a')
    assert.equal(status, 429)
    assert.match(json.details.causes[0].message, /web is still being processed by the server/)
  })

  test('refuses a pod with two budgets', async () => {
    await using cluster = await openWithPods(['a'])
    await putBudget(cluster, 'one', { minAvailable: 0 })
    await putBudget(cluster, 'two', { minAvailable: 0 })
    const { status, json } = await evict(cluster, 'a')
    assert.equal(status, 500)
    assert.match(json.message, /more than one PodDisruptionBudget/)
  })

  test('lets a pod go that is not ready while enough others are', async () => {
    await using cluster = await openWithPods(['a', 'b'])
    await putBudget(cluster, 'web', { minAvailable: 1 }, { ...counts, disruptionsAllowed: 0 })
    await setReady(cluster, 'b', false)
    assert.equal((await evict(cluster, 'b')).status, 201)
    assert.equal((await evict(cluster, 'a')).status, 429)
  })
})
