import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { LogIndex, MemberId, Revision, Term } from '../../../src/base/brand.ts'
import {
  type Command,
  type CommandBatch,
  type CommandBody,
  decodeCommands,
  encodeCommands,
} from '../../../src/state/command.ts'
import { anyCommand } from './arbitrary.ts'

const golden = resolve(import.meta.dirname, '../../../../test/golden/state')

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
  leases: {
    session: 1,
    floor: 1,
    commands: [
      command(1, { kind: 'lease grant', id: 0, ttlSeconds: 60 }),
      command(2, { kind: 'lease keep alive', id: 2 ** 52 - 1 }),
      command(3, { kind: 'lease revoke', id: 7 }),
      command(4, { kind: 'lease expire', id: 7, renewals: 3 }),
    ],
  },
  'a vote on the state hash': {
    session: 1,
    floor: 1,
    commands: [
      command(1, {
        kind: 'state hash',
        vote: {
          ...{ member: 3 as MemberId, index: 512 as LogIndex },
          ...{ version: 1, hash: '00ff00ff12345678', asks: true },
        },
      }),
    ],
  },
  'puts and ranges with all they may ask for': {
    session: 1,
    floor: 1,
    commands: [
      command(1, {
        kind: 'txn',
        txn: {
          compares: [],
          success: [
            {
              ...{ op: 'put', key: '/a', value: Buffer.alloc(0), revisionOffset: -1 },
              ...{ lease: 0, previous: true, ignoreValue: true, ignoreLease: true },
            },
            {
              ...{ op: 'range', key: '\xff', rangeEnd: '\u0100', limit: 5 },
              ...{ revision: 9 as Revision, keysOnly: true, countOnly: true },
              ...{ sortTarget: 'mod', sortOrder: 'descend' },
              ...{ minModRevision: 1 as Revision, maxModRevision: 2 as Revision },
              ...{ minCreateRevision: 3 as Revision, maxCreateRevision: 4 as Revision },
            },
          ],
          failure: [],
        },
      }),
    ],
  },
}

function command(sequence: number, body: CommandBody): Command {
  return { sequence, fence: 0 as Term, body }
}

function goldenBytes(file: string): Map<string, string> {
  const lines = readFileSync(resolve(golden, file), 'utf8').trim().split('\n')
  return new Map(lines.map((line) => line.split(': ') as [string, string]))
}

test('the bytes of commands are those of the golden file', () => {
  const expected = goldenBytes('commands.txt')
  assert.deepEqual([...expected.keys()], Object.keys(samples))
  for (const [name, batch] of Object.entries(samples)) {
    assert.equal(Buffer.from(encodeCommands(batch)).toString('hex'), expected.get(name), name)
    assert.deepEqual(decodeCommands(Buffer.from(expected.get(name) ?? '', 'hex')), batch)
  }
})

test('entries of format 1 read as they were meant', () => {
  for (const [name, hex] of goldenBytes('commands-1.txt')) {
    assert.deepEqual(decodeCommands(Buffer.from(hex, 'hex')), samples[name], name)
  }
})

test('commands are decoded as they were encoded', () => {
  fc.assert(
    fc.property(
      fc.array(anyCommand, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 2 ** 47 }),
      fc.nat(),
      (bodies, session, fence) => {
        const commands = bodies.map((body, at) => ({
          sequence: at + 1,
          fence: fence as Term,
          body,
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
  bytes[1] = 3
  assert.throws(() => decodeCommands(bytes), /format 1 to 2, not 3/)
})
