import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { systemRandom } from '../../../src/base/random.ts'
import { createAuthority, issueLeaf, type KeyPair } from '../../../src/boot/config/certificates.ts'
import type { Pod } from '../../../src/kinds/types.ts'
import { liveSandbox, observePods } from '../../../src/kubelet/observe.ts'
import type { ContainerConfig } from '../../../src/kubelet/runtime/runtime.ts'
import { createSimRuntime } from '../../../src/kubelet/runtime/sim.ts'
import { KubeletServer } from '../../../src/kubelet/server/server.ts'
import { containerConfig, sandboxConfig } from '../../contract/runtime.ts'

/** A kubelet's server over simulated containers, and a master's certificate to ask it with. */
export interface ServerLab {
  readonly address: { readonly host: string; readonly port: number }
  readonly ca: string
  readonly master: KeyPair
  leaf(commonName: string, organizations: string[]): Promise<KeyPair>
  /** Starts a pod of one container `main`; resolves with the pod's address. */
  run(pod: string, config: Partial<ContainerConfig>): Promise<string>
  webSocket(path: string, protocol: string): WebSocket
  /** A connection that was taken over; rejects with what was answered instead. */
  upgrade(
    path: string,
    headers: Record<string, string>,
  ): Promise<{ answer: IncomingMessage; socket: Duplex }>
  stop(): Promise<void>
}

export async function startServerLab(
  nodeIndex: number,
  pods: readonly Pod[] = [],
): Promise<ServerLab> {
  const now = Date.now()
  const authority = await createAuthority('test', now)
  const leaf = (commonName: string, organizations: string[], hosts: string[] = []) =>
    issueLeaf(authority, { commonName, organizations, hosts }, now)
  const master = await leaf('kube-apiserver-kubelet-client', ['kijabi:masters'])
  const own = await leaf('system:node:w1', ['system:nodes'], ['127.0.0.1'])
  const runtime = createSimRuntime({
    clusterId: `server-${process.pid}`,
    nodeName: 'w1',
    nodeIndex,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  })
  const observed = async (name: string) =>
    [...observePods(await runtime.list()).values()].find((one) => one.pod.name === name)
  const server = new KubeletServer(
    { host: '127.0.0.1', port: 0, tls: { ...own, ca: authority.certificate } },
    {
      runtime,
      clock: systemClock,
      logger: silentLogger,
      pods: () => pods,
      usage: async () => ({
        ...{ nodeName: 'w1', wallMs: now + 60_000, bootMs: now, cpuSeconds: 12.5 },
        ...{ memoryWorkingSetBytes: 3_000, memoryAvailableBytes: 5_000 },
        containers: await runtime.usage(),
      }),
      containers: async ({ pod, container }) =>
        (await observed(pod))?.containers.get(container) ?? [],
      sandbox: async ({ pod }) => {
        const found = await observed(pod)
        return found && liveSandbox(found)
      },
    },
  )
  await server.start()
  const { address } = server
  const tls = { ca: authority.certificate, cert: master.certificate, key: master.privateKey }
  return {
    address,
    ca: authority.certificate,
    master,
    leaf,
    run: async (name, config) => {
      const pod = { namespace: 'default', name, uid: `uid-${name}` }
      const sandbox = await runtime.runSandbox({ ...sandboxConfig(), pod })
      const whole = { ...containerConfig('any:1', []), pod, command: undefined, ...config }
      await runtime.startContainer(await runtime.createContainer(sandbox, whole))
      return (await runtime.list()).sandboxes.find((one) => one.id === sandbox)?.ip ?? ''
    },
    webSocket: (path, protocol) =>
      new WebSocket(`wss://${address.host}:${address.port}${path}`, [protocol], tls),
    upgrade: async (path, headers) => {
      const outgoing = request({
        ...{ ...address, path, agent: false, ...tls },
        headers: { connection: 'Upgrade', ...headers },
      })
      outgoing.end()
      const [answer, socket] = await Promise.race([
        once(outgoing, 'upgrade'),
        once(outgoing, 'response').then(async ([response]) => {
          const chunks: Buffer[] = []
          for await (const chunk of response as IncomingMessage) chunks.push(chunk as Buffer)
          throw new Error(`${response.statusCode} ${Buffer.concat(chunks)}`)
        }),
      ])
      return { answer, socket }
    },
    stop: async () => {
      await server.stop()
      await runtime.close()
    },
  }
}
