import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Revision, Term } from '../../../src/base/brand.ts'
import { type CommandBatch, decodeCommands, encodeCommands } from '../../../src/state/command.ts'
import { anyTxn } from './arbitrary.ts'

const golden = resolve(import.meta.dirname, '../../../../test/golden/state/commands.txt')

const samples: Readonly<Record<string, CommandBatch>> = {
  'create a pod': {
    session: 2 ** 46 + 5,
    floor: 3,
    commands: [
      {
        sequence: 4,
        fence: 0 as Term,
        body: {
          kind: 'txn',
          txn: {
            compares: [{ key: '/registry/core/pods/ns/a', target: 'mod', result: '=', value: 0 }],
            success: [
              {
                op: 'put',
                key: '/registry/core/pods/ns/a',
                value: Buffer.from('{"metadata":{"name":"a"}}'),
                revisionOffset: 13,
                lease: 0,
                previous: false,
              },
            ],
            failure: [{ op: 'range', key: '/registry/core/pods/ns/a', limit: 0 }],
          },
        },
      },
    ],
  },
  'two commands, fenced': {
    session: 1,
    floor: 1,
    commands: [
      { sequence: 1, fence: 9 as Term, body: { kind: 'compact', revision: (2 ** 40) as Revision } },
      {
        sequence: 2,
        fence: 9 as Term,
        body: {
          kind: 'txn',
          txn: {
            compares: [
              { key: '/a', rangeEnd: '/b', target: 'value', result: '<', value: Buffer.from('x') },
            ],
            success: [{ op: 'delete', key: '/a', rangeEnd: '/b', previous: true }],
            failure: [{ op: 'txn', txn: { compares: [], success: [], failure: [] } }],
          },
        },
      },
    ],
  },
}

test('the bytes of commands are those of the golden file', () => {
  const lines = readFileSync(golden, 'utf8').trim().split('\n')
  const expected = new Map(lines.map((line) => line.split(': ') as [string, string]))
  assert.deepEqual([...expected.keys()], Object.keys(samples))
  for (const [name, batch] of Object.entries(samples)) {
    assert.equal(Buffer.from(encodeCommands(batch)).toString('hex'), expected.get(name), name)
    assert.deepEqual(decodeCommands(Buffer.from(expected.get(name) ?? '', 'hex')), batch)
  }
})

test('commands are decoded as they were encoded', () => {
  fc.assert(
    fc.property(
      fc.array(anyTxn, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 2 ** 47 }),
      fc.nat(),
      (txns, session, fence) => {
        const commands = txns.map((txn, at) => ({
          sequence: at + 1,
          fence: fence as Term,
          body: { kind: 'txn' as const, txn },
        }))
        const bytes = encodeCommands({ session, floor: 1, commands })
        const again = encodeCommands(decodeCommands(bytes))
        assert(Buffer.compare(again, bytes) === 0)
        assert.equal(decodeCommands(bytes).session, session)
      },
    ),
  )
})

test('an entry of another format is refused', () => {
  const bytes = Buffer.from(encodeCommands({ session: 1, floor: 1, commands: [] }))
  bytes[1] = 2
  assert.throws(() => decodeCommands(bytes), /format 1, not 2/)
})
