import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, makeNode, storageWith, voters } from './cluster.ts'

test("a lone leader's read after a restart waits for the first commit of its term", () => {
  // The log holds three entries; the commit index on disk is from before the last two.
  const storage = storageWith(voters(1), [1, 1, 1], { term: 1, vote: 1, commit: 1 })
  const node = makeNode(1, storage)
  node.campaign()
  let ready = node.ready()
  storage.setHardState(ready.hardState ?? { term: 1, vote: 1, commit: 1 })
  node.advance()
  assert.equal(node.status().role, 'leader')
  node.readIndex(bytes('read'))
  ready = node.ready()
  assert.deepEqual(ready.readStates, [], 'entry 3 may have been acknowledged')
  storage.append(ready.entries)
  node.advance()
  ready = node.ready()
  assert.equal(ready.readStates.length, 1)
  assert.ok((ready.readStates[0]?.index ?? 0) >= 3)
})
