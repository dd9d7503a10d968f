import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../../../src/base/limits.ts'
import { Machine } from '../../../src/state/machine.ts'
import {
  decodeSnapshot,
  encodeSnapshot,
  type FrozenState,
} from '../../../src/state/snapshot/snapshot.ts'
import { anyCommand, deleteOf, LogFeeder, plain, putOf } from './arbitrary.ts'

async function blocksOf(frozen: FrozenState): Promise<Uint8Array[]> {
  const blocks: Uint8Array[] = []
  for await (const block of encodeSnapshot(frozen)) blocks.push(block)
  return blocks
}

async function* stream(blocks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* blocks
}

async function restored(blocks: readonly Uint8Array[]): Promise<Machine> {
  const machine = new Machine()
  const { state, store } = await decodeSnapshot(stream(blocks))
  machine.replace(state, store)
  return machine
}

/** The same bytes in pieces of another size. */
function recut(blocks: readonly Uint8Array[], size: number): Uint8Array[] {
  const whole = Buffer.concat(blocks)
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
    whole.subarray(at * size, (at + 1) * size),
  )
}

test('a restored machine equals the one frozen and goes on as it does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyCommand, { maxLength: 15 }),
      fc.array(anyCommand, { maxLength: 5 }),
      fc.integer({ min: 1, max: 500 }),
      async (before, after, size) => {
        const original = new Machine()
        const log = new LogFeeder(original)
        for (const command of before) log.apply(command)
        const blocks = await blocksOf(original.freeze())
        const copy = await restored(recut(blocks, size))
        const copyLog = new LogFeeder(copy)
        copyLog.sequence = log.sequence
        for (const command of after) {
          log.apply(command)
          copyLog.apply(command)
        }
        assert.equal(copy.stateHash, original.stateHash)
        assert.deepEqual(
          [copy.revision, copy.appliedIndex, copy.appliedTerm],
          [original.revision, original.appliedIndex, original.appliedTerm],
        )
        const [all, same] = [original, copy].map((one) => one.range('/', '0').items.map(plain))
        assert.deepEqual(same, all)
        assert.deepEqual(await blocksOf(copy.freeze()), await blocksOf(original.freeze()))
      },
    ),
  )
})

test('a snapshot shows the moment it was frozen, whatever is written since', async () => {
  const machine = new Machine()
  const log = new LogFeeder(machine)
  const big = Buffer.alloc(limits.objectBytesMax, 'x')
  log.txn(putOf('/big', big))
  for (let at = 0; at < 500; at += 1) log.txn(putOf(`/k${at}`, Buffer.alloc(2000, `${at}`)))
  const expected = machine.range('/', '0').items.map(plain)
  const frozen = machine.freeze()
  const blocks: Uint8Array[] = []
  for await (const block of encodeSnapshot(frozen)) {
    assert(block.length <= limits.snapshotBlockBytes)
    blocks.push(block)
    log.txn(putOf(`/k${blocks.length}`, 'late'), deleteOf(`/k${blocks.length + 50}`))
  }
  assert(blocks.length > 9)
  const copy = await restored(blocks)
  assert.deepEqual(copy.range('/', '0').items.map(plain), expected)
  assert.equal(copy.appliedIndex, frozen.index)
})

test('a snapshot that is cut, changed or doubled is refused', async () => {
  const machine = new Machine()
  const log = new LogFeeder(machine)
  for (let at = 0; at < 20; at += 1) log.txn(putOf(`/k${at}`, 'value'))
  const whole = Buffer.concat(await blocksOf(machine.freeze()))
  await restored([whole])
  await assert.rejects(restored([whole.subarray(0, -1)]), /does not end within a frame/)
  await assert.rejects(restored([]), /ends with its trailer/)
  await assert.rejects(restored([whole, whole]), /nothing follows the trailer/)
  const changed = Buffer.from(whole)
  changed.write('VALUE', changed.indexOf('value'))
  await assert.rejects(restored([changed]), /whole and unchanged/)
})

test('what was applied before a snapshot is not applied after it', async () => {
  const machine = new Machine()
  const log = new LogFeeder(machine)
  log.txn(putOf('/a', '1'))
  const copy = await restored(await blocksOf(machine.freeze()))
  const again = new LogFeeder(copy).txn(putOf('/a', '1'))
  assert.equal(again.outcomes[0]?.answer.kind, 'duplicate')
  assert.equal(copy.get('/a')?.version, 1)
})

/** The bytes of the same state in every format there was, the newest last: the third with its past. */
const golden = resolve(import.meta.dirname, '../../../../test/golden/state/snapshots.txt')

test('snapshots of every format are read, and the newest is written', async () => {
  const machine = new Machine()
  const log = new LogFeeder(machine)
  log.txn(putOf('/a', 'one'), putOf('/b', 'two'))
  log.txn(deleteOf('/b'))
  log.txn(putOf('/a', 'three'))
  log.compact(3)
  const lines = readFileSync(golden, 'utf8').trim().split('\n')
  const written = Buffer.concat(await blocksOf(machine.freeze())).toString('hex')
  assert.equal(written, lines.at(-1)?.split(': ')[1])
  for (const line of lines) {
    const copy = await restored([Buffer.from(line.split(': ')[1] ?? '', 'hex')])
    assert.deepEqual(plain(copy.get('/a')), plain(machine.get('/a')), line)
    assert.equal(copy.stateHash, machine.stateHash, line)
    assert.equal(copy.size.historyEvents, line.includes('with its past') ? 2 : 0, line)
  }
})
