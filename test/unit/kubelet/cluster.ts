import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi } from '../../../src/api/api.ts'
import { createAuthorizer } from '../../../src/api/auth/standard-authorizer.ts'
import { delay, systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { systemRandom } from '../../../src/base/random.ts'
import { isStatus } from '../../../src/base/status.ts'
import { createClient } from '../../../src/client/client.ts'
import { createInProcessTransport } from '../../../src/client/in-process-transport.ts'
import { namespaces, nodes, pods } from '../../../src/client/resources.ts'
import type { Client, KubernetesObject, ResourceClient } from '../../../src/client/typed.ts'
import type { Node, Pod, PodSpec } from '../../../src/kinds/types.ts'
import { createKubelet, type Kubelet, type KubeletOptions } from '../../../src/kubelet/agent.ts'
import type { Runtime } from '../../../src/kubelet/runtime/runtime.ts'
import { createSimRuntime } from '../../../src/kubelet/runtime/sim.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'

/** The real API over a store in memory, and kubelets of simulated containers. Time is real. */
export interface KubeletCluster {
  readonly client: Client
  readonly events: string[]
  /** Starts a kubelet of node `w1`; it is stopped with the cluster. */
  kubelet(runtime: Runtime, more?: Partial<KubeletOptions>): Promise<Kubelet>
  sim(hasImage?: (reference: string) => boolean): Runtime
  create(name: string, spec: Partial<PodSpec>, more?: Partial<Pod['metadata']>): Promise<Pod>
  pod(name: string): Promise<Pod>
  /** Resolves with the pod once `condition` holds; rejects after a minute. */
  podUntil(name: string, what: string, condition: (pod: Pod) => boolean): Promise<Pod>
  podGone(name: string): Promise<void>
  nodeUntil(condition: (node: Node) => boolean): Promise<Node>
  close(): Promise<void>
}

const patienceMs = 60_000
const askAgainMs = 50
let nextNode = 100

export async function openKubeletCluster(): Promise<KubeletCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'kubelet-'))
  const memory = await openMemoryStore()
  const api = createApi({
    store: memory.store,
    authorizer: createAuthorizer(memory.store),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    serviceCidr: '10.96.0.0/16',
    nodePortRange: '30000-32767',
    memberName: 'm1',
    kubeletTls: { certificate: '', privateKey: '', ca: '' },
  })
  const user = { name: 'admin', uid: '', groups: ['system:masters', 'system:authenticated'] }
  const client = createClient(createInProcessTransport((request) => api.handle(request, user)))
  for (const name of ['default', 'kube-node-lease'])
    await namespaces(client)
      .create('', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      .catch(() => {})
  const kubelets: Kubelet[] = []
  const runtimes: Runtime[] = []
  const events: string[] = []
  return {
    client,
    events,
    async kubelet(runtime, more = {}) {
      const kubelet = createKubelet({
        nodeName: 'w1',
        nodeIp: '127.0.0.1',
        labels: new Map(),
        runtime,
        client,
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
        emit: (_, event, fields) => events.push(`${event} ${fields?.detail?.['pod'] ?? ''}`),
        server: undefined,
        dataDirectory: directory,
        leaseRenewSeconds: 10,
        ...more,
      })
      kubelets.push(kubelet)
      await kubelet.start()
      return kubelet
    },
    sim(hasImage) {
      nextNode += 1
      const runtime = createSimRuntime({
        clusterId: `kubelet-${process.pid}`,
        nodeName: 'w1',
        nodeIndex: nextNode,
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
        ...(hasImage ? { hasImage } : {}),
      })
      runtimes.push(runtime)
      return runtime
    },
    create: (name, spec, more = {}) =>
      pods(client).create('default', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, ...more },
        spec: { containers: [], nodeName: 'w1', ...spec },
      }),
    pod: (name) => pods(client).get('default', name),
    podUntil: (name, what, condition) => until(pods(client), 'default', name, what, condition),
    async podGone(name) {
      const gone = (list: readonly Pod[]) => !list.some((pod) => pod.metadata.name === name)
      for await (const list of listings(pods(client), 'default')) if (gone(list)) return
    },
    nodeUntil: (condition) => until(nodes(client), '', 'w1', 'node state', condition),
    async close() {
      await Promise.all(kubelets.map((kubelet) => kubelet.stop()))
      await Promise.all(runtimes.map((runtime) => runtime.close()))
      await memory.store.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Resolves with the object once `condition` holds; rejects after a minute, or `limitMs`. */
export async function until<T extends KubernetesObject>(
  resource: ResourceClient<T>,
  namespace: string,
  name: string,
  what: string,
  condition: (object: T) => boolean,
  limitMs = patienceMs,
): Promise<T> {
  let last: T | undefined
  try {
    for await (const list of listings(resource, namespace, limitMs)) {
      const found = list.find((object) => object.metadata.name === name)
      last = found ?? last
      if (found && condition(found)) return found
    }
  } catch (error) {
    const seen = JSON.stringify(last, undefined, 1)
    throw new Error(`${name} never came to: ${what}; last seen ${seen}`, { cause: error })
  }
  throw new Error('the watch ended')
}

/** What there is after every single change, however short it lasts; gives up when patience ends. */
async function* listings<T extends KubernetesObject>(
  resource: ResourceClient<T>,
  namespace: string,
  limitMs = patienceMs,
): AsyncGenerator<readonly T[]> {
  const signal = AbortSignal.timeout(limitMs)
  const keyOf = ({ metadata }: T) => `${metadata.namespace ?? ''}/${metadata.name}`
  while (!signal.aborted)
    try {
      const { items, resourceVersion } = await resource.list({ namespace, signal })
      yield items
      const present = new Map(items.map((item) => [keyOf(item), item]))
      for await (const event of resource.watch({ namespace, resourceVersion, signal })) {
        if (event.type === 'BOOKMARK') continue
        if (event.type === 'DELETED') present.delete(keyOf(event.object))
        else present.set(keyOf(event.object), event.object)
        yield [...present.values()]
      }
    } catch (error) {
      // One that is too busy to answer is asked again.
      if (!signal.aborted && !isStatus(error, 'ServiceUnavailable', 'Timeout')) throw error
      await delay(systemClock, askAgainMs)
    }
  throw new Error(`not within ${limitMs} ms`)
}
