import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { groupVersionName, groupVersions } from '../../../src/api/discovery/resources.ts'
import { allKinds } from '../../../src/kinds/scheme.ts'

let root = import.meta.dirname
while (!existsSync(join(root, 'package.json'))) root = dirname(root)
const rows = readFileSync(join(root, 'docs/support.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| \S*v\d\S* \S+ \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))

test('docs/support.md names every kind that is served, once', () => {
  const served = groupVersions(allKinds).flatMap((one) =>
    one.resources.map(({ kind }) => `${groupVersionName(one)} ${kind}`),
  )
  assert.deepEqual(rows.map(([, name]) => name).sort(), served.sort())
})

test('docs/support.md says of every kind whether it is acted upon', () => {
  const words = new Set(['acted upon', 'partly', 'stored'])
  for (const [, name, word = ''] of rows) assert.ok(words.has(word), `${name}: ${word}`)
})
