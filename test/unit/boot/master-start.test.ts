import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'

const src = join(import.meta.dirname.replace('/dist/test/', '/test/'), '..', '..', '..', 'src')

/** What is loaded before the first line of a module runs. Types are not there any more then. */
function loadedFirst(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const imports = /^(?:import|export) (?!type )(?:[^'\n]|\n(?!import))*?from '(\.[^']+)'/gm
  for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(imports))
    loadedFirst(join(file, '..', specifier), seen)
  return seen
}

test('a master opens its log before it loads the API and what leads', () => {
  const loaded = [...loadedFirst(join(src, 'boot', 'member', 'master.ts'))]
  const files = loaded.map((file) => relative(src, file))
  assert.ok(files.includes('raft/thread/thread-replica.ts') && files.includes('state/machine.ts'))
  const needed = /^(base|boot|raft|state)\/|^api\/raft-store\//
  assert.deepEqual(
    files.filter((file) => !needed.test(file)),
    [],
    'while a master loads these, the others may be waiting for its vote',
  )
})
