import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameFiles } from '../../../src/kubelet/volumes/name-files.ts'
import { podOf } from './pods.ts'

const cluster = { nameservers: ['10.1.0.1'], domain: 'cluster.local' }

test('a pod asks the cluster first, and finds itself', () => {
  const pod = podOf({
    hostname: 'me',
    subdomain: 'us',
    hostAliases: [{ ip: '10.9.0.1', hostnames: ['a', 'b'] }],
  })
  const { namespace } = pod.metadata
  const { hosts, resolver } = nameFiles(pod, '10.1.0.7', cluster)
  assert.equal(
    resolver,
    `search ${namespace}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.1.0.1\noptions ndots:5\n`,
  )
  assert.match(hosts ?? '', /^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/)
  const whole = `10.1.0.7\tme.us.${namespace}.svc.cluster.local\tme\n`
  assert.ok(hosts?.includes(whole), hosts)
  assert.match(hosts ?? '', /# Entries added by HostAliases\.\n10\.9\.0\.1\ta\tb\n$/)
})

test('[sig-network] DNS should support configurable pod DNS nameservers [Conformance]', () => {
  const dnsConfig = { nameservers: ['1.1.1.1'], searches: ['resolv.conf.local'] }
  const { resolver } = nameFiles(podOf({ dnsPolicy: 'None', dnsConfig }), '10.1.0.7', cluster)
  assert.equal(resolver, 'search resolv.conf.local\nnameserver 1.1.1.1\n')
})

test('a pod of the host’s network keeps the host’s files', () => {
  const files = nameFiles(podOf({ hostNetwork: true }), '10.1.0.7', cluster)
  assert.deepEqual(files, { hosts: undefined, resolver: undefined })
  const without = nameFiles(podOf({}), undefined, undefined)
  assert.deepEqual(without, { hosts: undefined, resolver: undefined }, 'and one without an address')
})
