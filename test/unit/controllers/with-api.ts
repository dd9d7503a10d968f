import assert from 'node:assert/strict'
import type { Term } from '../../../src/base/brand.ts'
import type { ManualClock } from '../../../src/base/clock.ts'
import { type Logger, silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scope } from '../../../src/base/scope.ts'
import { isStatus } from '../../../src/base/status.ts'
import { createClient } from '../../../src/client/client.ts'
import { createInProcessTransport } from '../../../src/client/in-process-transport.ts'
import { createRecorder } from '../../../src/client/recorder.ts'
import { createInformerFactory } from '../../../src/client/reflector.ts'
import { leases, namespaces, nodes, pods } from '../../../src/client/resources.ts'
import type { Client } from '../../../src/client/typed.ts'
import type { ControllersConfig } from '../../../src/controllers/controller.ts'
import { createControllers } from '../../../src/controllers/controllers.ts'
import { targetNode } from '../../../src/controllers/daemon-set/placement.ts'
import type { Pod, PodStatus } from '../../../src/kinds/types.ts'
import { admin, openCluster, type TestCluster } from '../api/cluster.ts'

/** The controllers against the real request pipeline: names, merge patches, grace, finalizers, defaults. */
export interface World {
  readonly cluster: TestCluster
  readonly client: Client
  readonly clock: ManualClock
  readonly failures: unknown[]
  until(what: string, done: () => Promise<boolean>): Promise<void>
}

export async function withApi(
  body: (world: World) => Promise<void>,
  config: Partial<ControllersConfig> = {},
  ends: Ends = () => undefined,
): Promise<void> {
  await using cluster = await openCluster({ tolerationSeconds: 2 })
  const { clock } = cluster
  const client = createClient(
    createInProcessTransport((request) => cluster.api.handle(request, admin)),
  )
  const failures: unknown[] = []
  const failed = (fields: Readonly<Record<string, unknown>>) => void failures.push(fields)
  const logger: Logger = { ...silentLogger, warn: failed, error: failed, child: () => logger }
  const random = new SeededRandom(7)
  await using scope = new Scope()
  const deps = { clock, random, logger }
  const controllers = createControllers({
    ...deps,
    clientOf: () => client,
    informers: createInformerFactory(client, deps),
    recorderOf: (own, component) => createRecorder(own, { component, host: 'm1', ...deps }),
    emit: () => {},
    config: {
      monitorGraceSeconds: 4,
      leaseRenewSeconds: 1,
      caCertificate: 'PEM',
      ...config,
    },
  })
  controllers.warm(scope)
  await Promise.all([controllers.startLeading(1 as Term, scope), clock.advanceAsync(500)])
  const until: World['until'] = async (what, done) => {
    for (let round = 0; round < 80; round += 1) {
      if (await done()) return
      await kubelets(client, clock, ends)
      await clock.advanceAsync(200)
    }
    const all = (await pods(client).list()).items.map(({ metadata, status }) => [metadata, status])
    assert.fail(`${what} did not come: ${JSON.stringify({ failures, all }).slice(0, 3_000)}`)
  }
  await body({ cluster, client, clock, failures, until })
}

/** What becomes of a pod: its status when its containers have ended, undefined while they run. */
export type Ends = (pod: Pod) => PodStatus | undefined

/** Nodes whose kubelets are silent. */
export const dead = new Set<string>()

/** Binds, runs and ends pods, and renews leases, as scheduler and kubelets do. */
async function kubelets(client: Client, clock: ManualClock, ends: Ends): Promise<void> {
  const alive = (await nodes(client).list()).items.filter(
    (node) => !dead.has(node.metadata.name ?? ''),
  )
  for (const { metadata } of alive) {
    const { name = '' } = metadata
    const lease = await leases(client).get('kube-node-lease', name)
    const renewTime = new Date(clock.wallMs()).toISOString().replace('Z', '000Z')
    await leases(client).update({ ...lease, spec: { ...lease.spec, renewTime } })
  }
  let index = 0
  for (const pod of (await pods(client).list()).items) {
    index += 1
    const { namespace = '', name = '' } = pod.metadata
    const node = pod.spec?.nodeName
    if (node && dead.has(node)) continue
    if (pod.metadata.deletionTimestamp) {
      if (pod.status?.phase === 'Running')
        await pods(client).updateStatus({ ...pod, status: { ...pod.status, phase: 'Failed' } })
      await pods(client).delete(namespace, name, { gracePeriodSeconds: 0 })
      continue
    }
    try {
      const target = targetNode(pod) ?? alive[index % alive.length]?.metadata.name ?? ''
      await runPod(client, clock, pod, target, { ends, index })
    } catch (error) {
      // A controller was faster: it goes.
      if (!isStatus(error, 'Conflict', 'NotFound')) throw error
    }
  }
}

async function runPod(
  client: Client,
  clock: ManualClock,
  pod: Pod,
  target: string,
  { ends, index }: { readonly ends: Ends; readonly index: number },
): Promise<void> {
  const { namespace = '', name = '', uid } = pod.metadata
  if (!pod.spec?.nodeName)
    await pods(client).subresource(namespace, name, 'binding', 'POST', {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { kind: 'Node', name: target },
    })
  const phase = pod.status?.phase
  const end = ends(pod)
  if (phase === 'Succeeded' || phase === 'Failed' || (!end && phase === 'Running')) return
  const bound = await pods(client).get(namespace, name)
  await pods(client).updateStatus({ ...bound, status: end ?? running(clock.wallMs(), index) })
}

function running(nowMs: number, index: number): NonNullable<Pod['status']> {
  const lastTransitionTime = new Date(nowMs).toISOString()
  return {
    phase: 'Running',
    podIP: `10.0.0.${index}`,
    podIPs: [{ ip: `10.0.0.${index}` }],
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }],
  }
}

export async function addNodes(client: Client, ...names: string[]): Promise<void> {
  dead.clear()
  for (const name of names) {
    const made = await nodes(client).create('', { metadata: { name } })
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }]
    await nodes(client).updateStatus({ ...made, status: { conditions } })
    await leases(client).create('kube-node-lease', {
      metadata: { name, namespace: 'kube-node-lease' },
      spec: { holderIdentity: name },
    })
  }
}

export async function namespace(client: Client, name: string): Promise<void> {
  await namespaces(client).create('', { metadata: { name } })
}
