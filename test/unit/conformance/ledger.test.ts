import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import {
  conformancePage,
  readNames,
  readSuiteRun,
  suiteRunFile,
  testSources,
} from '../../../scripts/conformance/ledger.ts'

const root = resolve(import.meta.dirname, '..', '..', '..', '..')

/** The list of upstream names lies beside the repository. */
function namesFile(): string | undefined {
  for (let folder = root; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'shared', 'kubernetes', 'conformance-1.36.txt')
    if (existsSync(file)) return file
  }
  return undefined
}

const list = namesFile()

test('docs/conformance.md names the tests that there are', {
  skip: list === undefined ? 'the list of upstream names is not here' : false,
}, () => {
  const names = readNames(readFileSync(list ?? '', 'utf8'))
  const run = readSuiteRun(readFileSync(join(root, suiteRunFile), 'utf8'))
  assert.deepEqual(
    run.results.map(({ name }) => name).sort(),
    [...names].sort(),
    'the run of the suite says what became of each test',
  )
  const page = conformancePage(names, testSources(root), run)
  const written = readFileSync(join(root, 'docs', 'conformance.md'), 'utf8')
  assert.equal(written, page, 'run: node dist/scripts/conformance.js with the list of names')
})

test('every test named after an upstream one is called exactly as that', {
  skip: list === undefined ? 'the list of upstream names is not here' : false,
}, () => {
  const names = new Set(readNames(readFileSync(list ?? '', 'utf8')))
  const here = testSources(root).flatMap(({ file, text }) =>
    [...text.matchAll(/(['"`])(\[sig-[a-z-]+\] .*?)(?<!\\)\1/g)].map((match) => ({
      file,
      name: (match[2] ?? '').replaceAll("\\'", "'"),
    })),
  )
  assert.deepEqual(
    here.filter(({ name }) => !names.has(name)),
    [],
  )
})
