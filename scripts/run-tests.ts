/**
 * Runs the built tests. All of test/unit shares ONE process (a process per file costs about a second
 * each on two cores); every other file gets its own. `node dist/scripts/run-tests.js unit process` runs
 * only those folders. The last line is the plain count. In CI a skipped test of test/docker or
 * test/compat is a failure: there, what they need must be there.
 *
 * Files of real processes, clients and containers (test/process, compat, docker) wait for what a whole
 * machine does. When one fails it is run once more, at most `secondRunsMax` times in a run, and the end
 * says which: a file that needed it is a defect to look into, with its first output above. What fails
 * twice has failed; units, contracts and the simulator are never run again.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve, sep } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { pathToFileURL } from 'node:url'

const secondRunsMax = 2
const unitTimeoutMs = 900_000
const fileTimeoutMs = 900_000

const root = resolve(import.meta.dirname, '..', 'test')
const mustRun = process.env['CI'] === 'true'
const folderOf = (file: string): string => relative(root, file).split(sep)[0] ?? ''

interface Outcome {
  passed: number
  skipped: number
  /** What failed, or had to run and was skipped: names of tests by the file that was run. */
  readonly failed: Map<string, string[]>
}

/** Counts that close the run of one file; the last line has them for all. */
const countsOfFile = /^(tests|suites|pass|fail|cancelled|skipped|todo) \d+$/

/** Test files of clusters share ports, Docker and two cores: they run one after the other. */
async function runFiles(list: readonly string[], timeout: number): Promise<Outcome> {
  const outcome: Outcome = { passed: 0, skipped: 0, failed: new Map() }
  // A run for each: an event names the file that its test is written in, which need not be the one run.
  for (const file of list) await runFile(file, timeout, outcome)
  return outcome
}

function runFile(file: string, timeout: number, outcome: Outcome): Promise<void> {
  const fail = (name: string) =>
    outcome.failed.set(file, [...(outcome.failed.get(file) ?? []), name])
  return new Promise((done) => {
    const events = run({ files: [file], concurrency: 1, timeout })
    events.on('test:pass', (event) => {
      if (event.details.type === 'suite') return
      if (event.skip === undefined || event.skip === false) {
        outcome.passed += 1
        return
      }
      outcome.skipped += 1
      if (!mustRun || !['docker', 'compat'].includes(folderOf(file))) return
      fail(event.name)
      console.log(`skipped in CI, which is a failure: ${event.name}`)
    })
    events.on('test:fail', (event) => {
      // A suite fails with its tests, which count; or by itself (a hook), which counts too.
      const by = (event.details.error as { failureType?: string } | undefined)?.failureType
      if (event.details.type !== 'suite' || by !== 'subtestsFailed') fail(event.name)
    })
    const told = events.filter(
      ({ type, data }) => type !== 'test:diagnostic' || !countsOfFile.test(data.message),
    )
    const output = told.compose(new spec())
    output.pipe(process.stdout, { end: false })
    output.on('end', done)
  })
}

const testsIn = (failed: Outcome['failed']): number =>
  [...failed.values()].reduce((sum, names) => sum + names.length, 0)

/** Runs the files that failed once more, when they are few enough and of a kind that may. */
async function runAgain(first: Outcome): Promise<Outcome> {
  const files = [...first.failed.keys()]
  const allowed = files.every((file) => ['process', 'compat', 'docker'].includes(folderOf(file)))
  if (files.length === 0 || files.length > secondRunsMax || !allowed) return first
  console.log(`once more: ${files.map((file) => relative(root, file)).join(', ')}`)
  const second = await runFiles(files, fileTimeoutMs)
  for (const [file, names] of first.failed) {
    if (second.failed.has(file)) continue
    console.log(`passed only when run again, a defect to look into: ${relative(root, file)}`)
    for (const name of names) console.log(`  ${name}`)
  }
  // What passed in both is counted once: the rest of the first run, and what only the second passed.
  const mended = testsIn(first.failed) - testsIn(second.failed)
  return {
    passed: first.passed + Math.max(0, mended),
    skipped: first.skipped,
    failed: second.failed,
  }
}

const folders = process.argv.slice(2)
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => join(root, name))
  .filter((file) => folders.length === 0 || folders.includes(folderOf(file)))
  .sort()
const unit = files.filter((file) => folderOf(file) === 'unit')
const directory = mkdtempSync(join(tmpdir(), 'kijabi-unit-'))
const entry = join(directory, 'all.mjs')
writeFileSync(
  entry,
  unit.map((name) => `import ${JSON.stringify(pathToFileURL(name).href)}\n`).join(''),
)
const outcomes = [
  await runFiles(unit.length > 0 ? [entry] : [], unitTimeoutMs),
  await runAgain(
    await runFiles(
      files.filter((file) => !unit.includes(file)),
      fileTimeoutMs,
    ),
  ),
]
rmSync(directory, { recursive: true })
const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((all, one) => all + of(one), 0)
const [passed, failed, skipped] = [
  sum((outcome) => outcome.passed),
  sum((outcome) => testsIn(outcome.failed)),
  sum((outcome) => outcome.skipped),
]
if (passed + failed === 0 || failed > 0) process.exitCode = 1
for (const outcome of outcomes)
  for (const [file, names] of outcome.failed)
    console.log(`failed in ${relative(root, file)}: ${names.join('; ')}`)
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
