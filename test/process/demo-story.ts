import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kijabi } from './test-cluster.ts'

const figures = [
  ...['electionMs', 'firstWriteMs', 'watchGapMs', 'duplicateOrLostWatchEvents'],
  ...['controllerResumeMs', 'podsRescheduledMs', 'serviceErrors', 'writesAcknowledged'],
  ...['writesPresent', 'writesLost'],
]

/** Runs the failover demo without a terminal and checks what it promises and what it leaves. */
export async function checkDemo(runtime: 'docker' | 'sim'): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-test-'))
  const record = join(directory, 'failover.ndjson')
  try {
    const ran = await kijabi(
      ['demo', 'failover', '--runtime', runtime, '--json', '--record', record],
      // Its own place for temporary files: other demos of this host come and go.
      { timeoutMs: 170_000, env: { TMPDIR: directory } },
    )
    assert.equal(ran.code, 0, `${ran.stderr}\n${ran.stdout}`)
    const summary = JSON.parse(ran.stdout) as Record<string, number>
    for (const name of figures) assert.equal(typeof summary[name], 'number', name)
    assert.equal(summary['writesLost'], 0)
    assert.equal(summary['duplicateOrLostWatchEvents'], 0)
    assert.ok((summary['writesAcknowledged'] ?? 0) > 20)
    for (const heading of ['SIGKILL to the leader', 'SIGKILL to worker', 'FIGURE'])
      assert.match(ran.stderr, new RegExp(heading))
    assert.match(ran.stderr, /m[123] {2}.*leader +term/)
    const events = readFileSync(record, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; source: string; timeMs: number })
    const leaders = events.filter((one) => one.event === 'became-leader')
    assert.ok(leaders.length >= 2, 'the record shows the first and the second leader')
    assert.ok(events.every((one) => one.timeMs > 0 && one.source !== ''))
    assert.deepEqual(
      readdirSync(directory),
      ['failover.ndjson'],
      'the demo removes its data directory',
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
