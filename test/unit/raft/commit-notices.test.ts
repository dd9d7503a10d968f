import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogIndex, MemberId } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { type Entry, type Message, makeMessage } from '../../../src/raft/core/message.ts'
import { CommitNotices } from '../../../src/raft/queues/commit-notices.ts'

const [two, three] = [2, 3] as MemberId[]
const entry: Entry = { term: 1, index: 7, type: 'EntryNormal', data: Buffer.from('x') }

function open() {
  const clock = new ManualClock()
  const alone: Message[] = []
  const notices = new CommitNotices({ clock, send: (messages) => void alone.push(...messages) })
  const select = (...messages: Message[]) =>
    notices.select(messages, ({ type, entries }) => type === 'MsgApp' && entries.length === 0)
  return { clock, alone, notices, select }
}

function notice(to: MemberId | undefined, commit: number): Message {
  return makeMessage('MsgApp', to as MemberId, { term: 1, commit: commit as LogIndex })
}

function append(to: MemberId | undefined, commit: number): Message {
  return { ...notice(to, commit), entries: [entry] }
}

test('an append that tells the same takes the place of a notice', () => {
  const { select, clock, alone } = open()
  assert.deepEqual(select(notice(two, 5)), [])
  const next = append(two, 5)
  assert.deepEqual(select(next), [next])
  clock.advance(10)
  assert.deepEqual(alone, [])
})

test('any other message takes the notice along, before it', () => {
  const { select } = open()
  const held = notice(two, 5)
  select(held)
  const answer = makeMessage('MsgReadIndexResp', two as MemberId, { term: 1 })
  assert.deepEqual(select(answer), [held, answer])
})

test('an append of another term, or of a smaller commit, tells less than the notice', () => {
  const { select } = open()
  const held = notice(two, 5)
  for (const next of [{ ...append(two, 9), term: 2 }, append(two, 4)]) {
    select(held)
    assert.deepEqual(select(next), [held, next])
  }
})

test('a notice without company goes alone after a moment, the newest one for each follower', () => {
  const { select, clock, alone } = open()
  select(notice(two, 5), notice(three, 5))
  select(notice(two, 6))
  assert.deepEqual(alone, [])
  clock.advance(1)
  assert.deepEqual(
    alone.map(({ to, commit }) => [to, commit]),
    [
      [2, 6],
      [3, 5],
    ],
  )
})

test('a follower that sent commands on is told at once, until it knows of them', () => {
  const { select, notices } = open()
  notices.forwarded(two as MemberId)
  notices.proposed(7 as LogIndex)
  const [early, due] = [notice(two, 6), notice(two, 7)]
  assert.deepEqual(select(early), [early])
  assert.deepEqual(select(due, notice(three, 7)), [due])
  assert.deepEqual(select(notice(two, 8)), [])
})

test('after the end nothing goes out', () => {
  const { select, notices, clock, alone } = open()
  select(notice(two, 5))
  notices.stop()
  clock.advance(10)
  assert.deepEqual(alone, [])
  assert.equal(clock.pendingTimers, 0)
})
