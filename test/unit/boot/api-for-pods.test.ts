import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  apiForPodsAnnotation,
  offeredEndpoints,
  reachableMasters,
} from '../../../src/boot/member/api-for-pods.ts'
import type { Node } from '../../../src/kinds/types.ts'

const offering = (name: string, address?: string): Node => ({
  metadata: { name, ...(address ? { annotations: { [apiForPodsAnnotation]: address } } : {}) },
})

test('workers of one host offer the API once; what is no address of pods counts for nothing', () => {
  const nodes = [
    offering('w1', '172.18.0.1:16443'),
    offering('w2', '172.18.0.1:16443'),
    offering('w3', '10.0.0.9:6443'),
    offering('w4'),
    offering('w5', '127.0.0.1:16443'),
    offering('w6', 'nonsense'),
  ]
  assert.deepEqual(offeredEndpoints(nodes), [
    { address: '10.0.0.9', port: 6443 },
    { address: '172.18.0.1', port: 16_443 },
  ])
})

test('masters on a loopback address are not reached by pods', () => {
  const master = (id: number, apiAddress: string) => ({
    ...{ id, name: `m${id}`, apiAddress, raftAddress: '127.0.0.1:1' },
  })
  const masters = [master(1, '127.0.0.1:6450'), master(2, '10.0.0.2:6443')]
  assert.deepEqual(reachableMasters({ masters }), [{ address: '10.0.0.2', port: 6443 }])
})
