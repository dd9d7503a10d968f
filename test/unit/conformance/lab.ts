import assert from 'node:assert/strict'
import type { Answer } from '../api/cluster.ts'
import { addNodes, namespace, type World, withApi } from '../controllers/with-api.ts'

export const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
export const pods = '/api/v1/namespaces/default/pods'

export const labels = { name: 'sample' }
export const template = (image = 'web:1', ofPods: object = labels) => ({
  metadata: { labels: ofPods },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image }] },
})
export const workload = (replicas: number, more: object = {}, metadata: object = {}) => ({
  metadata: { name: 'w', labels, ...metadata },
  spec: { replicas, selector: { matchLabels: labels }, template: template(), ...more },
})

/** Two nodes with all controllers, and short ways to ask. */
export interface Lab extends World {
  /** The answer's object; anything but success fails the test. */
  ok(...request: Parameters<World['cluster']['ask']>): ReturnType<typeof objectOf>
  items(path: string): Promise<Item[]>
  /** What the upstream tests do with the scale of a workload of one replica. */
  scale(path: string): Promise<void>
}

export interface Item {
  readonly metadata: {
    readonly name: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
    readonly ownerReferences?: readonly { readonly kind: string; readonly uid: string }[]
  }
  readonly spec: { readonly replicas?: number; readonly containers?: { readonly image: string }[] }
  readonly status?: { readonly phase?: string; readonly availableReplicas?: number }
}

function objectOf({ status, json, text }: Answer) {
  assert.ok(status < 300, text)
  return json
}

/** Runs `body` in a cluster of its own; no controller may fail meanwhile. */
export async function inLab(body: (lab: Lab) => Promise<void>): Promise<void> {
  await withApi(async (world) => {
    const { client, cluster, until } = world
    await namespace(client, 'kube-node-lease')
    await addNodes(client, 'n1', 'n2')
    const ok: Lab['ok'] = async (...request) => objectOf(await cluster.ask(...request))
    const items = async (path: string) => (await ok('GET', path)).items as Item[]
    await body({
      ...world,
      ok,
      items,
      scale: async (path) => {
        const scale = await ok('GET', `${path}/scale`)
        assert.deepEqual(
          [scale.kind, scale.apiVersion, scale.spec.replicas],
          ['Scale', 'autoscaling/v1', 1],
        )
        const put = await ok('PUT', `${path}/scale`, {
          ...scale,
          metadata: { ...scale.metadata, resourceVersion: '' },
          spec: { replicas: 2 },
        })
        assert.equal(put.spec.replicas, 2)
        assert.equal((await ok('GET', path)).spec.replicas, 2)
        const patched = await ok('PATCH', `${path}/scale`, { spec: { replicas: 4 } }, merge)
        assert.equal(patched.spec.replicas, 4)
        await until(
          'the scale',
          async () => (await ok('GET', `${path}/scale`)).status.replicas === 4,
        )
      },
    })
    assert.deepEqual(world.failures, [])
  })
}

export const available = (lab: Lab, path: string, count: number) =>
  lab.until(
    `${count} available`,
    async () => (await lab.ok('GET', path)).status?.availableReplicas === count,
  )
