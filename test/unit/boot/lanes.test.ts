import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isNews, Lanes, newsLine } from '../../../src/boot/demo/lanes.ts'

test('Lanes show role, term and commit of masters and the pods of workers', () => {
  const lanes = new Lanes(['m1', 'm2'], ['w1'])
  lanes.apply({
    ...{ timeMs: 1, source: 'm1', component: 'raft', event: 'became-leader' },
    ...{ term: 3, index: 20 },
  })
  lanes.set('m2', { role: 'follower', term: 3, commit: 10 })
  lanes.set('w1', { pods: 2 })
  assert.deepEqual(lanes.render(70), [
    `m1   leader        term 3    commit 20       ${'#'.repeat(23)}`,
    `m2   follower      term 3    commit 10       ${'#'.repeat(12)}`,
    'w1   worker        [pod] [pod]',
  ])
})

test('a news line says when, who and what', () => {
  const event = {
    ...{ timeMs: 1500, source: 'm2', component: 'raft', event: 'became-leader', term: 4 },
    detail: { votes: 2 },
  }
  assert.equal(isNews(event), true)
  assert.equal(newsLine(event, 1000), '+0.500s  m2    raft        became-leader  term=4 votes=2')
})
