import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Listed, type Watched, watchViolations } from '../../contract/watch-histories.ts'

const history: readonly Watched[] = [
  { type: 'ADDED', name: 'a', revision: 3, value: '1' },
  { type: 'MODIFIED', name: 'a', revision: 4, value: '2' },
  { type: 'ADDED', name: 'b', revision: 6, value: '1' },
  { type: 'BOOKMARK', revision: 7 },
  { type: 'DELETED', name: 'b', revision: 8, value: '1' },
  { type: 'ADDED', name: 'b', revision: 9, value: '3' },
]
const first: Listed = { revision: 2, objects: new Map([['c', { revision: 2, value: '1' }]]) }
const last: Listed = {
  revision: 9,
  objects: new Map([
    ['a', { revision: 4, value: '2' }],
    ['b', { revision: 9, value: '3' }],
    ['c', { revision: 2, value: '1' }],
  ]),
}
const event = (at: number) => history[at] as Watched

test('watchers that were told the same, whole and in order, violate nothing', () => {
  assert.deepEqual(watchViolations([history, history], first, last), [])
})

const wrong: readonly (readonly [string, readonly Watched[], RegExp])[] = [
  ['an event that is missing', history.toSpliced(1, 1), /never came \(reliable\)/],
  ['an event that came twice', history.toSpliced(1, 0, event(0)), /unique/],
  ['events that changed places', history.toSpliced(0, 2, event(1), event(0)), /ordered/],
  ['an event behind a bookmark', history.toSpliced(2, 2, event(3), event(2)), /after 7/],
  [
    'another value than the others were told',
    history.with(1, { type: 'MODIFIED', name: 'a', revision: 4, value: 'x' }),
    /another one was told/,
  ],
  [
    'another type than the others were told',
    history.with(1, { type: 'ADDED', name: 'a', revision: 4, value: '2' }),
    /another one was told/,
  ],
]

for (const [what, told, expected] of wrong)
  test(`${what} is a violation`, () => {
    assert.match(watchViolations([history, told], first, last).join('\n'), expected)
  })

test('what all watchers lack shows in the list at the end', () => {
  const told = history.slice(0, -1)
  assert.match(watchViolations([told, told], first, last).join(), /b is at 9, told was 8/)
})

test('what all watchers were told to be new but was there is a violation', () => {
  const told = history.with(1, { type: 'ADDED', name: 'a', revision: 4, value: '2' })
  assert.match(watchViolations([told, told], first, last).join(), /it was there \(is-create\)/)
})
