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
export function conformancePage(names: readonly string[], sources: readonly Source[]): string {
  const rows = names.map((name) => ({ name, file: fileWith(name, sources) }))
  const covered = rows.filter(({ file }) => file !== undefined)
  const groups = [...new Set(names.map(groupOf))].sort()
  const summary = groups.map((group) => {
    const of = rows.filter(({ name }) => groupOf(name) === group)
    return `| ${group} | ${of.filter(({ file }) => file !== undefined).length} | ${of.length} |`
  })
  return [
    '# Conformance',
    '',
    `${covered.length} of ${names.length} conformance tests of Kubernetes v1.36 have a test of the same name here.`,
    '',
    'Written by `scripts/conformance.ts` from the names of tests. A test of the same name checks the same',
    'behaviour in our own words; it is not the upstream suite, which has to be run to be believed.',
    '',
    '| group | here | upstream |',
    '|---|---|---|',
    ...summary,
    '',
    '| upstream test | test here |',
    '|---|---|',
    ...covered.map(({ name, file }) => `| ${name.replaceAll('|', '\\|')} | \`${file}\` |`),
    '',
  ].join('\n')
}

function groupOf(name: string): string {
  return name.slice(1, name.indexOf(']'))
}

/** A name in a source stands between quotes, escaped as that kind of quote demands. */
function fileWith(name: string, sources: readonly Source[]): string | undefined {
  const spellings = [`'${name.replaceAll("'", "\\'")}'`, `"${name}"`, `\`${name}\``]
  return sources.find(({ text }) => spellings.some((one) => text.includes(one)))?.file
}
