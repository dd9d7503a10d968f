import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromMacrotask } from '../../sim/microtasks.ts'
import { SimTime } from '../../sim/sim-time.ts'

test('events that go in circles without time passing are ended', async () => {
  const time = new SimTime()
  const again = () => {
    time.after(0, again)
  }
  again()
  await assert.rejects(
    fromMacrotask(() => time.run(1_000)),
    /they go in circles/,
  )
})

test('many events, spread over time, are none', async () => {
  const time = new SimTime()
  let count = 0
  const again = () => {
    count += 1
    time.after(0.01, again)
  }
  again()
  await fromMacrotask(() => time.run(1_000))
  assert.ok(count > 90_000)
})
