/**
 * Replays the scripts of etcd-io/raft against src/raft/core: `npm run raft-scripts -- DIR…`. One line
 * per file; the first difference of a file goes to standard error. The last line counts cases. Exit
 * code 1 on a difference, or when there is nothing to replay.
 */
import { findScripts, runScript } from './raft-scripts/run.ts'

const paths = process.argv.slice(2)
if (paths.length === 0) {
  console.error('usage: npm run raft-scripts -- DIR…')
  process.exitCode = 1
}
let passed = 0
let failed = 0
for (const path of paths) {
  const files = findScripts(path)
  if (files.length === 0) {
    console.error(`${path}: no scripts (*.txt) found`)
    process.exitCode = 1
  }
  for (const file of files) {
    const result = runScript(file)
    passed += result.passed
    failed += result.failures.length
    console.log(`${file}: ${result.passed} passed, ${result.failures.length} failed`)
    const [first] = result.failures
    if (first !== undefined)
      console.error(
        `${file}:${first.line}: ${first.command}\n--- expected\n${first.expected}\n` +
          `+++ actual\n${first.actual}\n`,
      )
  }
}
if (failed > 0) process.exitCode = 1
console.log(`${passed} passed, ${failed} failed`)
