import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { leases, nodes, pods } from '../../../src/client/resources.ts'
import {
  evictions,
  lostAtMs,
  lostConditions,
  unreadyConditions,
  wantedTaints,
} from '../../../src/controllers/node-lifecycle/decide.ts'
import { isReady } from '../../../src/controllers/pod-facts.ts'
import { tolerates } from '../../../src/kinds/node-selection.ts'
import type { Node, Pod, Taint, Toleration } from '../../../src/kinds/types.ts'
import { type Cluster, running, withCluster } from './cluster.ts'

const nowMs = Date.UTC(2026, 0, 1, 12)
const at = (offsetMs: number) => new Date(nowMs + offsetMs).toISOString()

const node = (ready: string | undefined, taints: Taint[] = [], unschedulable = false): Node => ({
  metadata: { name: 'n1' },
  spec: { taints, ...(unschedulable ? { unschedulable } : {}) },
  status: ready === undefined ? {} : { conditions: [{ type: 'Ready', status: ready }] },
})

describe('taints that follow from conditions', () => {
  const tainted = (one: Node) =>
    wantedTaints(one, one.status?.conditions ?? [], nowMs)?.map(
      ({ key, effect }) => `${key.split('/').at(-1)}:${effect}`,
    )
  for (const [title, one, expected] of [
    ['a ready node has none', node('True'), undefined],
    ['an unready one', node('False'), ['not-ready:NoSchedule', 'not-ready:NoExecute']],
    ['a lost one', node('Unknown'), ['unreachable:NoSchedule', 'unreachable:NoExecute']],
    ['one that has not reported yet', node(undefined), ['not-ready:NoSchedule']],
    ['a cordoned one', node('True', [], true), ['unschedulable:NoSchedule']],
    [
      'a ready one that was lost',
      node('True', [
        { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
        { key: 'mine', effect: 'NoSchedule' },
      ]),
      ['mine:NoSchedule'],
    ],
  ] as const)
    test(title, () => assert.deepEqual(tainted(one), expected))

  test('keep the time at which they came', () => {
    const old: Taint = {
      key: 'node.kubernetes.io/unreachable',
      effect: 'NoExecute',
      timeAdded: at(-60_000),
    }
    const one = node('Unknown', [old])
    const taints = wantedTaints(one, one.status?.conditions ?? [], nowMs)
    assert.ok(taints?.includes(old))
    assert.equal(
      wantedTaints(
        node('Unknown', [...(taints ?? [])]),
        [{ type: 'Ready', status: 'Unknown' }],
        nowMs,
      ),
      undefined,
    )
  })
})

describe('a silent node', () => {
  test('has unknown conditions, told once, with the last heartbeat kept', () => {
    const heard = { type: 'Ready', status: 'True', lastHeartbeatTime: at(-9_000) }
    const conditions = lostConditions({ metadata: {}, status: { conditions: [heard] } }, nowMs)
    assert.deepEqual(
      conditions?.map(({ type, status, reason }) => [type, status, reason]),
      [
        ['Ready', 'Unknown', 'NodeStatusUnknown'],
        ['MemoryPressure', 'Unknown', 'NodeStatusNeverUpdated'],
        ['DiskPressure', 'Unknown', 'NodeStatusNeverUpdated'],
        ['PIDPressure', 'Unknown', 'NodeStatusNeverUpdated'],
      ],
    )
    assert.equal(conditions?.[0]?.lastHeartbeatTime, at(-9_000))
    const told = { metadata: {}, status: { conditions: [...(conditions ?? [])] } }
    assert.equal(lostConditions(told, nowMs), undefined)
  })

  test('is lost after the grace period, but a new leader lets it speak first', () => {
    const config = { monitorGraceSeconds: 10, leaseRenewSeconds: 2 }
    assert.equal(lostAtMs(5_000, 0, config), 15_000)
    assert.equal(lostAtMs(5_000, 100_000, config), 104_000)
    assert.equal(lostAtMs(99_000, 100_000, config), 109_000)
  })

  test('makes its ready pods unready', () => {
    const pod: Pod = { metadata: { name: 'p' }, status: running(nowMs, 0) }
    const conditions = unreadyConditions(pod, nowMs)
    assert.deepEqual(
      conditions?.map(({ type, status }) => [type, status]),
      [['Ready', 'False']],
    )
    const told = { ...pod, status: { conditions: [...(conditions ?? [])] } }
    assert.equal(unreadyConditions(told, nowMs), undefined)
  })
})

describe('tolerations', () => {
  const taint: Taint = { key: 'k', value: 'v', effect: 'NoExecute' }
  for (const [toleration, expected] of [
    [{ key: 'k', operator: 'Equal', value: 'v' }, true],
    [{ key: 'k', value: 'v', effect: 'NoExecute' }, true],
    [{ key: 'k', value: 'other' }, false],
    [{ key: 'k', operator: 'Exists' }, true],
    [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }, false],
    [{ operator: 'Exists' }, true],
    [{ key: 'other', operator: 'Exists' }, false],
  ] as const)
    test(`${JSON.stringify(toleration)} → ${expected}`, () =>
      assert.equal(tolerates(toleration, taint), expected))
})

describe('evictions', () => {
  const unreachable = (agoMs: number): Taint => ({
    key: 'node.kubernetes.io/unreachable',
    effect: 'NoExecute',
    timeAdded: at(-agoMs),
  })
  const admitted: Toleration = {
    key: 'node.kubernetes.io/unreachable',
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 5,
  }
  const pod = (...tolerations: Toleration[]): Pod => ({
    metadata: { name: 'p' },
    spec: { containers: [], tolerations },
  })
  for (const [title, tolerations, agoMs, expected] of [
    ['a pod without tolerations goes at once', [], 0, 'now'],
    ['a pod stays as long as it tolerates the taint', [admitted], 3_000, 2_000],
    ['and no longer', [admitted], 5_000, 'now'],
    ['another time is respected', [{ ...admitted, tolerationSeconds: 60 }], 5_000, 55_000],
    ['for ever is for ever', [{ ...admitted, tolerationSeconds: undefined }], 1e6, 'never'],
    ['the shortest of several counts', [{ ...admitted, tolerationSeconds: 9 }, admitted], 0, 5_000],
    ['an Exists for all taints holds', [{ operator: 'Exists' }], 1e6, 'never'],
  ] as const)
    test(title, () => {
      const one = pod(...(tolerations as readonly Toleration[]))
      const { evict, nextInMs } = evictions(node('Unknown', [unreachable(agoMs)]), [one], nowMs)
      const outcome = evict.length > 0 ? 'now' : (nextInMs ?? 'never')
      assert.equal(outcome, expected)
    })

  test('nobody is driven from a node without NoExecute taints, nor twice', () => {
    assert.deepEqual(evictions(node('True'), [pod()], nowMs).evict, [])
    const going = pod()
    going.metadata.deletionTimestamp = at(0)
    assert.deepEqual(evictions(node('Unknown', [unreachable(0)]), [going], nowMs).evict, [])
  })
})

async function renew(cluster: Cluster, ...names: string[]): Promise<void> {
  for (const name of names) {
    const resource = leases(cluster.api)
    const found = await resource.get('kube-node-lease', name).catch(() => undefined)
    const spec = { holderIdentity: name, renewTime: new Date(cluster.clock.wallMs()).toISOString() }
    if (found) await resource.update({ ...found, spec })
    else
      await resource.create('kube-node-lease', {
        metadata: { name, namespace: 'kube-node-lease' },
        spec,
      })
  }
}

async function pass(cluster: Cluster, seconds: number, ...alive: string[]): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await renew(cluster, ...alive)
    await cluster.run(1_000)
  }
}

const keysOf = async (cluster: Cluster, name: string) =>
  ((await nodes(cluster.api).get('', name)).spec?.taints ?? []).map(
    ({ key, effect }) => `${key.split('/')[1]}:${effect}`,
  )

describe('node lifecycle controller', () => {
  const placed = async (cluster: Cluster, name: string, nodeName: string) => {
    await pods(cluster.api).create('ns', {
      metadata: { name, namespace: 'ns' },
      spec: {
        containers: [],
        nodeName,
        tolerations: [
          {
            key: 'node.kubernetes.io/unreachable',
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 5,
          },
        ],
      },
      status: running(cluster.clock.wallMs(), 0),
    })
  }

  test('a node that stops renewing is tainted, its pods unready at once and evicted later', async () => {
    await withCluster(async (cluster) => {
      await placed(cluster, 'p1', 'n1')
      await placed(cluster, 'p2', 'n2')
      await pass(cluster, 10, 'n1', 'n2')
      assert.deepEqual(await keysOf(cluster, 'n1'), [])
      await pass(cluster, 5, 'n2')
      assert.deepEqual(await keysOf(cluster, 'n1'), [
        'unreachable:NoSchedule',
        'unreachable:NoExecute',
      ])
      assert.deepEqual(await keysOf(cluster, 'n2'), [])
      const lost = await pods(cluster.api).get('ns', 'p1')
      assert.deepEqual([isReady(lost), lost.metadata.deletionTimestamp], [false, undefined])
      await pass(cluster, 6, 'n2')
      assert.ok((await pods(cluster.api).get('ns', 'p1')).metadata.deletionTimestamp)
      const other = await pods(cluster.api).get('ns', 'p2')
      assert.deepEqual([isReady(other), other.metadata.deletionTimestamp], [true, undefined])
    })
  })

  test('a node that comes back loses its taints once its kubelet says so', async () => {
    await withCluster(async (cluster) => {
      await pass(cluster, 2, 'n1', 'n2')
      await pass(cluster, 6, 'n2')
      const lost = await nodes(cluster.api).get('', 'n1')
      const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }]
      await nodes(cluster.api).updateStatus({ ...lost, status: { conditions } })
      await pass(cluster, 2, 'n1', 'n2')
      assert.deepEqual(await keysOf(cluster, 'n1'), [])
    })
  })

  test('while no node is ready nothing is evicted', async () => {
    await withCluster(async (cluster) => {
      await placed(cluster, 'p1', 'n1')
      await pass(cluster, 2, 'n1', 'n2')
      await pass(cluster, 30)
      assert.deepEqual(await keysOf(cluster, 'n2'), [
        'unreachable:NoSchedule',
        'unreachable:NoExecute',
      ])
      assert.equal((await pods(cluster.api).get('ns', 'p1')).metadata.deletionTimestamp, undefined)
    })
  })

  test('a change of leaders neither forgives nor condemns', async () => {
    await withCluster(async (cluster) => {
      await pass(cluster, 5, 'n1', 'n2')
      for (let terms = 0; terms < 3; terms += 1) {
        await cluster.lead()
        await pass(cluster, 1, 'n1', 'n2')
      }
      assert.deepEqual(await keysOf(cluster, 'n1'), [])
      await cluster.lead()
      await pass(cluster, 5, 'n2')
      assert.deepEqual((await keysOf(cluster, 'n1')).length, 2)
    })
  })

  test('pods of a node that is deleted are removed, after a while', async () => {
    await withCluster(async (cluster) => {
      await placed(cluster, 'p1', 'n1')
      await nodes(cluster.api).delete('', 'n1')
      await pass(cluster, 5, 'n2')
      assert.equal((await cluster.pods()).length, 1)
      await pass(cluster, 7, 'n2')
      assert.equal((await cluster.pods()).length, 0)
    })
  })
})
