import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResolvedCluster } from '../../../src/boot/config/cluster-directory.ts'
import { withRuntime } from '../../../src/boot/config/resolve-cluster.ts'

const cluster = (clusterId: string, serviceCidr = ''): ResolvedCluster => ({
  ...{ clusterId, name: 'test', dataDirectory: '/tmp', runtime: 'sim', dockerSocket: undefined },
  ...{ apiAddress: '127.0.0.1:1', masters: [], workers: [], serviceCidr },
  ...{ nodePortRange: '30000-32767', raft: { tickMs: 10, heartbeatTicks: 5, electionTicks: 30 } },
  nodes: { leaseRenewSeconds: 1, monitorGraceSeconds: 5, evictAfterSeconds: 5 },
  eventTtlSeconds: 3_600,
  logLevel: 'info',
})
const cidr = (...[of, runtime, others]: [ResolvedCluster, 'docker' | 'sim', string[]?]) =>
  withRuntime(of, runtime, undefined, others).serviceCidr

test('the service network follows from the cluster, past those of clusters that run here', () => {
  const id = '0003ffffffff'
  assert.equal(cidr(cluster(id), 'docker'), '10.99.0.0/16')
  assert.equal(cidr(cluster(id), 'sim'), '127.99.0.0/16')
  assert.equal(cidr(cluster(id), 'docker', [id]), '10.99.0.0/16', 'itself is no other')
  const others = ['0003aaaaaaaa', '0004aaaaaaaa']
  assert.equal(cidr(cluster(id), 'docker', others), '10.101.0.0/16')
  const all = Array.from({ length: 32 }, (_, slot) => `00${slot.toString(16).padStart(2, '0')}00`)
  assert.equal(cidr(cluster(id), 'docker', all), '10.99.0.0/16')
})

test('what a cluster got once it keeps, in the family of its runtime; a chosen one stays', () => {
  const others = ['0003aaaaaaaa']
  assert.equal(cidr(cluster('0003ffffffff', '10.105.0.0/16'), 'docker', others), '10.105.0.0/16')
  assert.equal(cidr(cluster('0003ffffffff', '10.105.0.0/16'), 'sim', others), '127.105.0.0/16')
  assert.equal(cidr(cluster('0003ffffffff', '172.20.0.0/16'), 'docker'), '172.20.0.0/16')
})
