/**
 * Runs the built tests. All of test/unit shares ONE process (a process per file costs about a second
 * each on two cores); every other file gets its own. `node dist/scripts/run-tests.js unit process` runs
 * only those folders. The last line is the plain count. In CI a skipped test of test/docker or
 * test/compat is a failure: there, what they need must be there.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { pathToFileURL } from 'node:url'

const root = resolve(import.meta.dirname, '..', 'test')
const folders = process.argv.slice(2)
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => folders.length === 0 || folders.includes(name.split(sep)[0] ?? ''))
  .map((name) => join(root, name))
  .sort()
const unit = files.filter((name) => name.startsWith(join(root, 'unit') + sep))
const own = files.filter((name) => !unit.includes(name))
const directory = mkdtempSync(join(tmpdir(), 'kijabi-unit-'))
const entry = join(directory, 'all.mjs')
writeFileSync(
  entry,
  unit.map((name) => `import ${JSON.stringify(pathToFileURL(name).href)}\n`).join(''),
)

let passed = 0
let failed = 0
let skipped = 0
const mustRun = process.env['CI'] === 'true'

/** Test files of clusters share ports, Docker and two cores: they run one after the other. */
function runFiles(list: string[], concurrency: number, timeoutMs: number): Promise<void> {
  if (list.length === 0) return Promise.resolve()
  return new Promise((done) => {
    const events = run({ files: list, concurrency, timeout: timeoutMs })
    events.on('test:pass', (event) => {
      if (event.details.type === 'suite') return
      if (event.skip === undefined || event.skip === false) passed += 1
      else {
        skipped += 1
        if (mustRun && /[/\\](docker|compat)[/\\]/.test(event.file ?? '')) {
          failed += 1
          console.log(`skipped in CI, which is a failure: ${event.name}`)
        }
      }
    })
    events.on('test:fail', (event) => {
      if (event.details.type !== 'suite') failed += 1
      process.exitCode = 1
    })
    const output = events.compose(new spec())
    output.pipe(process.stdout, { end: false })
    output.on('end', done)
  })
}

await runFiles(unit.length > 0 ? [entry] : [], 1, 300_000)
await runFiles(own, 1, 600_000)
rmSync(directory, { recursive: true })
if (passed + failed === 0 || failed > 0) process.exitCode = 1
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
