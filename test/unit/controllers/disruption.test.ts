import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideBudget } from '../../../src/controllers/disruption/decide.ts'
import type { Pod, PodDisruptionBudget } from '../../../src/kinds/types.ts'

const pod = (name: string, ready = true): Pod => ({
  metadata: { name },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})
const three = ['a', 'b', 'c'].map((name) => pod(name))
const budget = (
  spec: PodDisruptionBudget['spec'],
  status: PodDisruptionBudget['status'] = undefined,
): PodDisruptionBudget => ({ metadata: { name: 'b', generation: 2 }, spec, status })
const allowed = (spec: PodDisruptionBudget['spec'], pods = three, scale = 3) =>
  decideBudget(budget(spec), pods, scale, 0).status.disruptionsAllowed

test('a budget lets go what is healthy beyond what must stay', () => {
  assert.equal(allowed({ minAvailable: 2 }), 1)
  assert.equal(allowed({ minAvailable: 3 }), 0)
  assert.equal(allowed({ minAvailable: '50%' }), 1)
  assert.equal(allowed({ maxUnavailable: 1 }), 1)
  assert.equal(allowed({ maxUnavailable: '50%' }), 2)
  assert.equal(allowed({ maxUnavailable: 1 }, [pod('a'), pod('b'), pod('c', false)]), 0)
  assert.equal(allowed({ maxUnavailable: 1 }, [pod('a')], 5), 0, 'pods that are yet to come count')
  assert.equal(allowed({ minAvailable: 0 }, [], 0), 0)
})

test('an eviction that a pod does not show yet counts, for two minutes', () => {
  const disruptedPods = { a: '1970-01-01T00:00:00Z', gone: '1970-01-01T00:00:00Z' }
  const known = budget({ minAvailable: 1 }, { ...emptyStatus, disruptedPods })
  const soon = decideBudget(known, three, 3, 30_000)
  assert.equal(soon.status.currentHealthy, 2)
  assert.deepEqual(soon.status.disruptedPods, { a: '1970-01-01T00:00:00Z' })
  assert.equal(soon.againInMs, 90_000)
  const later = decideBudget(known, three, 3, 120_000)
  assert.equal(later.status.currentHealthy, 3)
  assert.equal(later.status.disruptedPods, undefined)
  assert.equal(later.againInMs, undefined)
})

test('the condition keeps its time until it turns', () => {
  const first = decideBudget(budget({ minAvailable: 1 }), three, 3, 5_000).status
  assert.equal(first.conditions?.[0]?.lastTransitionTime, '1970-01-01T00:00:05Z')
  assert.equal(first.observedGeneration, 2)
  const again = decideBudget(budget({ minAvailable: 1 }, first), three, 3, 9_000).status
  assert.deepEqual(again, first)
  const turned = decideBudget(budget({ minAvailable: 3 }, first), three, 3, 9_000).status
  assert.equal(turned.conditions?.[0]?.reason, 'InsufficientPods')
  assert.equal(turned.conditions?.[0]?.lastTransitionTime, '1970-01-01T00:00:09Z')
})

const emptyStatus = {
  currentHealthy: 0,
  desiredHealthy: 0,
  disruptionsAllowed: 0,
  expectedPods: 0,
}
