import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster } from '../api/cluster.ts'

test('a new pod with scheduling gates says so at once, and one without says nothing', async () => {
  await using cluster = await openCluster()
  const path = '/api/v1/namespaces/default/pods'
  const containers = [{ name: 'c', image: 'i' }]
  const made = async (name: string, spec: object) =>
    (await cluster.ask('POST', path, { metadata: { name }, spec: { containers, ...spec } })).json
  const gated = await made('a', { schedulingGates: [{ name: 'g' }] })
  assert.deepEqual(gated.status.conditions, [
    {
      type: 'PodScheduled',
      status: 'False',
      lastTransitionTime: gated.metadata.creationTimestamp,
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    },
  ])
  assert.equal((await made('b', {})).status.conditions, undefined)
})
