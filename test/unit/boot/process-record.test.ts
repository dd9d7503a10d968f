import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stateIn } from '../../../src/boot/process-record.ts'

/** What the kernel says of a process called `name`, by its state, flags and number of threads. */
function statOf(state: string, flags: number, threads: number, name = 'node'): string {
  return `6905 (${name}) ${state} 6842 6828 18895 0 -1 ${flags} 58670 0 0 0 17 15 0 0 20 0 ${threads} 0 2467`
}

const command = 'node\0main.js\0master\0'

test('a process that was started runs; another one of its pid does not count', () => {
  assert.equal(stateIn(command, statOf('S', 0x400000, 11), 'main.js'), 'runs')
  assert.equal(stateIn('sleep\x009\0', statOf('S', 0x400000, 1), 'main.js'), 'gone')
  assert.equal(stateIn('', statOf('I', 0x4208060, 1, 'kworker/0:1'), 'main.js'), 'gone')
  assert.equal(stateIn(command, statOf('S', 0x400000, 11, 'a) Z (b'), 'main.js'), 'runs')
})

test('a process ends until its last thread is gone, though its first one is a zombie already', () => {
  assert.equal(stateIn('', statOf('R', 0x40040c, 1), 'main.js'), 'ends')
  assert.equal(stateIn('', statOf('Z', 0x40840c, 5), 'main.js'), 'ends')
  assert.equal(stateIn('', statOf('Z', 0x40840c, 1), 'main.js'), 'gone')
})
