import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A test file of this repository and what is in it. */
export interface Source {
  readonly file: string
  readonly text: string
}

export function readNames(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('[sig-'))
}

/** What upstream's own suite said of one test of its own, run against a cluster of ours. */
export interface SuiteResult {
  readonly outcome: 'passed' | 'failed' | 'not run'
  readonly name: string
  /** Why it did not pass. */
  readonly reason: string
}

export interface SuiteRun {
  /** Which binary, when, against what. */
  readonly about: string
  readonly results: readonly SuiteResult[]
}

export const suiteRunFile = 'test/golden/conformance/upstream-suite.tsv'

/** Lines of comment, which say what was run; then outcome, name and reason, with tabs between. */
export function readSuiteRun(text: string): SuiteRun {
  const lines = text.split('\n').filter((line) => line !== '')
  const about = lines.filter((line) => line.startsWith('#')).map((line) => line.slice(1).trim())
  const results = lines
    .filter((line) => !line.startsWith('#'))
    .map((line): SuiteResult => {
      const [outcome = '', name = '', reason = ''] = line.split('\t')
      if (outcome !== 'passed' && outcome !== 'failed' && outcome !== 'not run')
        throw new Error(`no outcome: ${line}`)
      return { outcome, name, reason }
    })
  return { about: about.join('\n'), results }
}

/** Every test file below `root`/test. */
export function testSources(root: string): Source[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => {
      const file = join('test', name)
      return { file, text: readFileSync(join(root, file), 'utf8') }
    })
}

/** The page: how many, by group, and each name with the file that has its test. */
export function conformancePage(
  names: readonly string[],
  sources: readonly Source[],
  run: SuiteRun,
): string {
  const rows = names.map((name) => ({ name, file: fileWith(name, sources) }))
  const covered = rows.filter(({ file }) => file !== undefined)
  const groups = [...new Set(names.map(groupOf))].sort()
  const summary = groups.map((group) => {
    const of = rows.filter(({ name }) => groupOf(name) === group)
    const here = of.filter(({ file }) => file !== undefined).length
    const counts = outcomes.map(
      (outcome) =>
        run.results.filter((one) => groupOf(one.name) === group && one.outcome === outcome).length,
    )
    return `| ${[group, of.length, here, ...counts].join(' | ')} |`
  })
  const passed = run.results.filter(({ outcome }) => outcome === 'passed')
  const others = run.results.filter(({ outcome }) => outcome !== 'passed')
  return [
    '# Conformance',
    '',
    `${covered.length} of ${names.length} conformance tests of Kubernetes v1.36 have a test of the same name here.`,
    `${passed.length} of them passed when upstream's own suite was run against a cluster of ours.`,
    '',
    'Written by `scripts/conformance.ts` from the names of tests, and from `test/golden/conformance/upstream-suite.tsv`.',
    'A test of the same name checks the same behaviour in our own words; it is not the upstream suite.',
    '',
    'About the run of the suite:',
    '',
    run.about,
    '',
    '| group | upstream | tests here | passed | failed | not run |',
    '|---|---|---|---|---|---|',
    ...summary,
    '',
    'What did not pass, and why:',
    '',
    '| upstream test | | |',
    '|---|---|---|',
    ...others.map(({ outcome, name, reason }) => `| ${escaped(name)} | ${outcome} | ${reason} |`),
    '',
    '| upstream test | test here |',
    '|---|---|',
    ...covered.map(({ name, file }) => `| ${escaped(name)} | \`${file}\` |`),
    '',
  ].join('\n')
}

const outcomes = ['passed', 'failed', 'not run'] as const

function escaped(name: string): string {
  return name.replaceAll('|', '\\|')
}

function groupOf(name: string): string {
  return name.slice(1, name.indexOf(']'))
}

/** A name in a source stands between quotes, escaped as that kind of quote demands. */
function fileWith(name: string, sources: readonly Source[]): string | undefined {
  const spellings = [`'${name.replaceAll("'", "\\'")}'`, `"${name}"`, `\`${name}\``]
  return sources.find(({ text }) => spellings.some((one) => text.includes(one)))?.file
}
