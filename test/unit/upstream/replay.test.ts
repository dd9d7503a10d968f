import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster } from '../api/cluster.ts'
import { linesOf, Replay } from './replay.ts'

test('requests for custom kinds are answered as the real server answered them', async () => {
  await using cluster = await openCluster()
  const replay = new Replay(cluster)
  const lines = linesOf('apiextensions/requests.ndjson')
  for (const line of lines) await replay.play(line)
  assert.ok(lines.filter((line) => line.answer).length > 300)
})

test('paths, methods, options and subresources are answered as the real server answered them', async () => {
  await using cluster = await openCluster()
  const replay = new Replay(cluster)
  const lines = linesOf('http/requests.ndjson')
  for (const line of lines) await replay.play(line)
  assert.ok(lines.filter((line) => line.answer).length > 100)
})

test('what admission refuses, and statuses that are wrong, are refused as the real server does it', async () => {
  await using cluster = await openCluster()
  for (const file of ['admission', 'status']) {
    const replay = new Replay(cluster)
    const lines = linesOf(`http/${file}.ndjson`)
    for (const line of lines) await replay.play(line)
    assert.ok(lines.filter((line) => line.answer).length > 40)
  }
})

test('objects of built-in kinds, right and wrong, are taken and refused as the real server does it', async () => {
  await using cluster = await openCluster()
  const replay = new Replay(cluster)
  const lines = linesOf('built-in/requests.ndjson')
  for (const line of lines) await replay.play(line)
  assert.ok(lines.filter((line) => line.answer).length > 1000)
})
