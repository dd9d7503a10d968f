import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mayChangeTemplate, validateJobUpdate } from '../../../src/kinds/batch/validate-job.ts'
import type { Job, JobSpec, JobStatus, PodSpec } from '../../../src/kinds/types.ts'

const specOf = (pod: Partial<PodSpec>): JobSpec => ({
  suspend: true,
  template: { spec: { containers: [{ name: 'c', image: 'i' }], ...pod } },
})
const jobOf = (status: JobStatus, suspend = true): Job => ({
  metadata: {},
  spec: { ...specOf({}), suspend },
  status,
})
const suspended = { type: 'Suspended', status: 'True' }
const startTime = '2026-01-01T00:00:00Z'

describe('the template of a job', () => {
  for (const [title, job, open] of [
    ['never started', jobOf({}), true],
    ['suspended again, without pods', jobOf({ startTime, conditions: [suspended] }), true],
    ['suspended, and not yet at rest', jobOf({ startTime }), false],
    ['suspended, with a pod left', jobOf({ conditions: [suspended], active: 1 }), false],
    ['not suspended', jobOf({}, false), false],
  ] as const)
    test(`${title}: ${open ? 'may change in part' : 'is fixed'}`, () => {
      assert.equal(mayChangeTemplate(job), open)
    })

  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] },
  }
  const podAffinity = {}
  const requests = { cpu: '1' }
  for (const [title, before, after, allowed] of [
    ['another node', {}, { nodeSelector: { disk: 'ssd' } }, true],
    ['affinity to nodes', {}, { affinity: { nodeAffinity } }, true],
    ['no affinity to nodes any more', { affinity: { nodeAffinity } }, {}, true],
    ['affinity to pods', {}, { affinity: { podAffinity } }, false],
    [
      'other resources',
      {},
      { containers: [{ name: 'c', image: 'i', resources: { requests } }] },
      true,
    ],
    ['another image', {}, { containers: [{ name: 'c', image: 'j' }] }, false],
    [
      'another container',
      {},
      {
        containers: [
          { name: 'c', image: 'i' },
          { name: 'd', image: 'i' },
        ],
      },
      false,
    ],
  ] as const)
    test(`open to change: ${title} is ${allowed ? 'taken' : 'refused'}`, () => {
      const [old, now] = [specOf(before as Partial<PodSpec>), specOf(after as Partial<PodSpec>)]
      assert.equal(validateJobUpdate(now, old, true).length === 0, allowed)
      assert.equal(validateJobUpdate(now, old, false).length, 1, 'all is fixed otherwise')
    })
})
