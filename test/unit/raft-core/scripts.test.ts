import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { findScripts, runScript, runScriptText } from '../../../scripts/raft-scripts/run.ts'

/** The scripts lie beside the repository, or beside the main one when this is a worktree. */
function findShared(): string | undefined {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, 'shared', 'raft-scripts')
    if (existsSync(candidate)) return candidate
  }
  return undefined
}

const shared = findShared()

test('the core answers the etcd-io/raft scripts line by line', {
  skip: shared === undefined ? '../shared/raft-scripts is not here' : false,
}, () => {
  assert.ok(shared !== undefined)
  const results = findScripts(shared).map(runScript)
  assert.ok(results.length > 0, 'there are scripts')
  const differences = results.flatMap(({ file, failures }) =>
    failures.map(({ line, expected, actual }) => ({ at: `${file}:${line}`, expected, actual })),
  )
  assert.deepEqual(differences, [])
})

const start = 'add-nodes 1 voters=(1) index=2\n----\nok\n\n'

/** What the last case of a script comes to. */
function failuresOf(script: string): number {
  return runScriptText(script).failures.length
}

test('a script that says what happens passes, log lines left out', () => {
  const script = `${start}campaign 1\n----\nINFO 1 did something\n\nraft-state\n----\n`
  assert.equal(failuresOf(`${script}1: StateCandidate (Voter) Term:1 Lead:0\n`), 0)
})

test('a difference in any line is a failure', () => {
  const script = `${start}campaign 1\n----\nok\n\nraft-state\n----\n`
  assert.equal(failuresOf(`${script}1: StateLeader (Voter) Term:1 Lead:1\n`), 1)
  assert.equal(failuresOf('committed cfg=(1) idx=(7)\n----\n     idx\n>     7    (id=1)\n8\n'), 1)
  assert.equal(failuresOf('simple\nv1\n----\nvoters=(2)\n'), 1)
})

test('an unknown command or option is a failure, whatever is expected of it', () => {
  assert.equal(failuresOf('frobnicate 1\n----\nok\n'), 1)
  assert.equal(failuresOf('add-nodes 1 voters=(1) index=2 speed=9\n----\nok\n'), 1)
  assert.equal(failuresOf(`${start}propose-conf-change 1 v3=true\nv2\n----\nok\n`), 1)
  assert.equal(failuresOf('committed cfg=(1) idx=(7) mood=(2)\n----\nok\n'), 1)
  assert.equal(failuresOf('enter-joint haste=true\nv1\n----\nok\n'), 1)
})

test('a text that is no script is a failure', () => {
  assert.equal(failuresOf(''), 1)
  assert.equal(failuresOf('campaign 1\n'), 1)
})
