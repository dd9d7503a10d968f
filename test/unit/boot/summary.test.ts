import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bounds, type SummaryInput, summarize } from '../../../src/boot/demo/summary.ts'

const good: SummaryInput = {
  runtime: 'sim',
  rounds: [
    { electionMs: 40, firstWriteMs: 60, watchGapMs: 70, controllerResumeMs: 90 },
    { electionMs: 50, firstWriteMs: 55, watchGapMs: 60, controllerResumeMs: 80 },
  ],
  podsRescheduledMs: 4000,
  serviceErrors: 2,
  serviceErrorsOfLeaderDeath: 0,
  serviceRequests: 900,
  verdict: {
    writesAcknowledged: 100,
    writesPresent: 101,
    writesLost: 0,
    duplicateOrLostWatchEvents: 0,
  },
}

test('the summary takes the worst round of each figure', () => {
  const summary = summarize(good)
  assert.equal(summary.electionMs, 50)
  assert.equal(summary.firstWriteMs, 60)
  assert.deepEqual(summary.broken, [])
})

test('the summary names each promise that broke', () => {
  const cases: [Partial<SummaryInput>, RegExp][] = [
    [{ verdict: { ...good.verdict, writesLost: 1 } }, /1 acknowledged writes are lost/],
    [{ verdict: { ...good.verdict, duplicateOrLostWatchEvents: 2 } }, /2 watch events/],
    [{ verdict: { ...good.verdict, writesAcknowledged: 0 } }, /no write was acknowledged/],
    [{ serviceErrorsOfLeaderDeath: 1 }, /serviceErrorsOfLeaderDeath is 1/],
    [{ podsRescheduledMs: Number.NaN }, /podsRescheduledMs is NaN/],
    [{ serviceRequests: 0 }, /no request went through/],
    [
      { rounds: [{ ...good.rounds[0], electionMs: bounds.electionMs + 1 } as never] },
      /electionMs is 2001/,
    ],
  ]
  for (const [change, expected] of cases) {
    const { broken } = summarize({ ...good, ...change })
    assert.equal(broken.length, 1, String(expected))
    assert.match(broken[0] ?? '', expected)
  }
})
