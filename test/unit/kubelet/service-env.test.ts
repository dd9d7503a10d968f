import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '../../../src/kinds/types.ts'
import {
  kubernetesServiceEnv,
  serviceEnvOf,
  serviceVariables,
} from '../../../src/kubelet/service-env.ts'
import { podOf } from './pods.ts'

const web: Service = {
  metadata: { name: 'my-web' },
  spec: {
    clusterIP: '10.96.0.10',
    ports: [
      { name: 'http-main', port: 80 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  },
}

test('[sig-node] Pods should contain environment variables for services [NodeConformance] [Conformance]', async () => {
  const common = kubernetesServiceEnv('10.96.0.1')
  assert.equal(common.get('KUBERNETES_SERVICE_PORT_HTTPS'), '443')
  const source = {
    synced: Promise.resolve(),
    inNamespace: (namespace: string) => (namespace === podOf().metadata.namespace ? [web] : []),
  }
  const found = await serviceEnvOf(podOf(), source, common)
  assert.equal(found.get('KUBERNETES_PORT'), 'tcp://10.96.0.1:443')
  assert.deepEqual(
    [...found].filter(([name]) => name.startsWith('MY_WEB')),
    [
      ['MY_WEB_SERVICE_HOST', '10.96.0.10'],
      ['MY_WEB_SERVICE_PORT', '80'],
      ['MY_WEB_SERVICE_PORT_HTTP_MAIN', '80'],
      ['MY_WEB_SERVICE_PORT_DNS', '53'],
      ['MY_WEB_PORT', 'tcp://10.96.0.10:80'],
      ['MY_WEB_PORT_80_TCP', 'tcp://10.96.0.10:80'],
      ['MY_WEB_PORT_80_TCP_PROTO', 'tcp'],
      ['MY_WEB_PORT_80_TCP_PORT', '80'],
      ['MY_WEB_PORT_80_TCP_ADDR', '10.96.0.10'],
      ['MY_WEB_PORT_53_UDP', 'udp://10.96.0.10:53'],
      ['MY_WEB_PORT_53_UDP_PROTO', 'udp'],
      ['MY_WEB_PORT_53_UDP_PORT', '53'],
      ['MY_WEB_PORT_53_UDP_ADDR', '10.96.0.10'],
    ],
  )
  const without = await serviceEnvOf(podOf({ enableServiceLinks: false }), source, common)
  assert.deepEqual([...without], [...common])
})

test('a headless service and one without ports have no variables', () => {
  assert.equal(serviceVariables({ ...web, spec: { ...web.spec, clusterIP: 'None' } }).size, 0)
  assert.equal(serviceVariables({ ...web, spec: { ...web.spec, ports: [] } }).size, 0)
})
