import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetricsHandlers } from '../../../src/api/metrics/resource-metrics.ts'
import { bodyBytes } from '../../../src/client/transport.ts'
import { type NodeUsage, statsSummary } from '../../../src/kubelet/server/usage.ts'
import { testContext } from '../api-edges/context.ts'
import { startFakeKubelet } from '../api-edges/fake-kubelet.ts'

const startMs = Date.UTC(2026, 0, 1)

/** A kubelet's own summary, `seconds` after the start: one container uses half a core. */
function usageAfter(seconds: number): NodeUsage {
  const pod = { namespace: 'default', name: 'p', uid: 'u1' }
  const container = (name: string, cpuNanoseconds: number, memoryWorkingSetBytes: number) => ({
    ...{ id: name, pod, name, startedMs: startMs, cpuNanoseconds, memoryWorkingSetBytes },
  })
  return {
    nodeName: 'w1',
    wallMs: startMs + seconds * 1_000,
    bootMs: startMs,
    cpuSeconds: seconds * 2,
    memoryWorkingSetBytes: 4_096,
    memoryAvailableBytes: 1,
    containers: [container('a', seconds * 5e8, 2_048), container('b', 0, 1)],
  }
}

test('nodes and pods have the usage that their kubelet tells, and none when it is silent', async () => {
  const handlers = createMetricsHandlers(1)
  const kubelet = await startFakeKubelet()
  try {
    let seconds = 0
    kubelet.answer = (request, response) => {
      assert.equal(request.url, '/stats/summary')
      seconds += 10
      response.end(JSON.stringify(statsSummary(usageAfter(seconds))))
    }
    await kubelet.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'default', uid: 'u1', labels: { app: 'x' } },
      spec: { nodeName: 'w1' },
    })
    const ask = async (resource: 'nodes' | 'pods', query = '', headers = {}) => {
      const scope = resource === 'pods' ? '/namespaces/default' : ''
      const path = `/apis/metrics.k8s.io/v1beta1${scope}/${resource}${query}`
      const handler = handlers.get(`metrics.k8s.io/v1beta1/${resource}`)
      const answer = await handler?.(testContext('GET', path, headers, kubelet.options))
      assert.ok(answer)
      return JSON.parse(Buffer.from(await bodyBytes(answer.body)).toString('utf8'))
    }
    const pods = await ask('pods')
    assert.equal(pods.kind, 'PodMetricsList')
    assert.deepEqual(pods.items[0].containers, [
      { name: 'a', usage: { cpu: '500000000n', memory: '2Ki' } },
      { name: 'b', usage: { cpu: '0n', memory: '1Ki' } },
    ])
    assert.deepEqual((await ask('pods', '?labelSelector=app%3Dy')).items, [])
    const nodes = await ask('nodes')
    assert.deepEqual(nodes.items[0].usage, { cpu: '2000000000n', memory: '4Ki' })
    assert.equal((await ask('nodes', '/w1')).metadata.name, 'w1')
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const table = await ask('pods', '/p', { accept })
    const columns = table.columnDefinitions.map(({ name }: { name: string }) => name)
    assert.deepEqual(columns, ['Name', 'cpu', 'memory', 'Window'])
    assert.deepEqual(table.rows[0].cells, ['p', '500m', '3Ki', '0.001s'])
    const { rows } = await ask('nodes', '', { accept })
    assert.deepEqual(rows[0].cells, ['w1', '2', '4Ki', '0.001s'])
    kubelet.answer = (_request, response) => response.writeHead(500).end('no')
    assert.deepEqual((await ask('nodes')).items, [])
    await assert.rejects(ask('pods', '/p'), /pods\.metrics\.k8s\.io "p" not found/)
  } finally {
    await kubelet.stop()
  }
})
