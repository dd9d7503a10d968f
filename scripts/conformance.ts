/**
 * Writes docs/conformance.md: which of Kubernetes' conformance tests have a test of the same name here.
 * `npm run -s build && node dist/scripts/conformance.js NAMES`, where NAMES is a file with one upstream name a
 * line. A test holds the page to it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  conformancePage,
  readNames,
  readSuiteRun,
  suiteRunFile,
  testSources,
} from './conformance/ledger.ts'

const [namesFile] = process.argv.slice(2)
if (namesFile === undefined) {
  console.error(
    'usage: node dist/scripts/conformance.js NAMES (a file with one upstream name a line)',
  )
  process.exit(1)
}
const root = resolve(import.meta.dirname, '..', '..')
const names = readNames(readFileSync(namesFile, 'utf8'))
const run = readSuiteRun(readFileSync(resolve(root, suiteRunFile), 'utf8'))
const page = conformancePage(names, testSources(root), run)
writeFileSync(resolve(root, 'docs', 'conformance.md'), page)
console.log(page.split('\n')[2])
