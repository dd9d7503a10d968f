import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { parse } from 'yaml'
import { adminClient } from '../../src/boot/admin-client.ts'
import { ClusterDirectory } from '../../src/boot/config/cluster-directory.ts'
import { pods, services } from '../../src/client/resources.ts'
import type { Client } from '../../src/client/typed.ts'
import type { Container, Pod, PodSpec, Service, ServiceSpec } from '../../src/kinds/types.ts'
import { kubectlBinary, type Ran, runProgram } from '../compat/kubectl-binary.ts'
import { Kubectl } from '../compat/kubectl-flow.ts'
import { eventually, patienceMs } from '../process/eventually.ts'
import {
  readJson,
  startTestCluster,
  type TestCluster,
  type TestClusterOptions,
} from '../process/test-cluster.ts'
import { until } from '../unit/kubelet/cluster.ts'
import { engineMissing, engineSocket, importTestImage, testImage } from './engine.ts'

/** Why tests of whole clusters on Docker cannot run here; false when they can. */
export async function labMissing(): Promise<string | false> {
  const reason = await engineMissing()
  if (reason) return reason
  return kubectlBinary('v35') ? false : 'no kubectl package for this platform'
}

/** A whole cluster of member processes with its pods in namespace `default`. */
export class PodLab {
  readonly cluster: TestCluster
  readonly client: Client
  readonly kubectl: Kubectl
  readonly #close: () => void

  private constructor(cluster: TestCluster, address: string) {
    this.cluster = cluster
    const { client, close } = adminClient(new ClusterDirectory(cluster.directory), address)
    this.client = client
    this.#close = close
    this.kubectl = new Kubectl('v35', cluster.kubeconfig)
  }

  static async start(options: TestClusterOptions): Promise<PodLab> {
    if (options.runtime === 'docker') await importTestImage()
    const cluster = await startTestCluster(options)
    return new PodLab(cluster, cluster.apiAddress)
  }

  /** The same cluster, asked at its first master: for tests that end the balancer. */
  pastBalancer(): PodLab {
    const { directory, kubeconfig, apiAddress } = this.cluster
    const { masters } = readJson(join(directory, 'cluster.json')) as {
      masters: { apiAddress: string }[]
    }
    const address = masters[0]?.apiAddress ?? ''
    const direct = join(directory, 'kubeconfig-direct')
    const text = readFileSync(kubeconfig, 'utf8').replace(apiAddress, address)
    writeFileSync(direct, text, { mode: 0o600 })
    return new PodLab({ ...this.cluster, kubeconfig: direct }, address)
  }

  /** An address of this host that is not a loopback one, where node ports answer by kernel rules. */
  get hostAddress(): string {
    const all = Object.values(networkInterfaces()).flatMap((one) => one ?? [])
    return all.find((one) => one.family === 'IPv4' && !one.internal)?.address ?? '127.0.0.1'
  }

  create(name: string, spec: Partial<PodSpec>, labels: Record<string, string> = {}): Promise<Pod> {
    return pods(this.client).create('default', {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels } },
      spec: { terminationGracePeriodSeconds: 1, containers: [], ...spec },
    })
  }

  /** A Service of the pods with label `app`. */
  service(name: string, spec: Partial<ServiceSpec> = {}): Promise<Service> {
    return services(this.client).create('default', {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name } },
      spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
    })
  }

  pod(name: string): Promise<Pod> {
    return pods(this.client).get('default', name)
  }

  until(name: string, what: string, condition: (pod: Pod) => boolean): Promise<Pod> {
    return until(pods(this.client), 'default', name, what, condition, patienceMs)
  }

  logs(line: string): Promise<string> {
    return this.kubectl.ok(`logs ${line}`)
  }

  async exec(pod: string, script: string): Promise<string> {
    return this.kubectl.ok(`exec ${pod} -- sh -c '${script}'`)
  }

  run(line: string, input?: string): Promise<Ran> {
    return this.kubectl.run(line, input)
  }

  /** Ids of the running containers of a pod, as the engine lists them. */
  dockerPods(name: string): Promise<Ran> {
    const label = `label=io.kubernetes.pod.name=${name}`
    const own = `label=kijabi.cluster=${this.clusterId}`
    const filters = ['--filter', label, '--filter', own]
    return runProgram('docker', [
      '-H',
      `unix://${engineSocket}`,
      'ps',
      '-q',
      '--no-trunc',
      ...filters,
    ])
  }

  get clusterId(): string {
    const { directory } = this.cluster
    return (readJson(join(directory, 'cluster.json')) as { clusterId: string }).clusterId
  }

  close(): void {
    this.#close()
    this.kubectl.remove()
  }

  async remove(): Promise<void> {
    this.close()
    await this.cluster.remove()
  }
}

/** A container of the test image that runs a shell script. */
export function shell(script: string, more: Partial<Container> = {}): Container {
  return { name: 'main', image: testImage, command: ['sh', '-c', script], ...more }
}

/** Stays until it is told to end. */
export const staying = "trap 'exit 0' TERM; sleep 1000 & wait"

/** Answers HTTP on a port with its host name. */
export function server(more: Partial<Container> = {}, port = 8080): Container {
  const script = `hostname > /tmp/index.html; exec httpd -f -p ${port} -h /tmp`
  return shell(script, { readinessProbe: { tcpSocket: { port }, periodSeconds: 1 }, ...more })
}

export function firstStatus(pod: Pod) {
  return pod.status?.containerStatuses?.[0]
}

export function restartsOf(pod: Pod): number {
  return firstStatus(pod)?.restartCount ?? 0
}

/** What answers HTTP there, or why nothing does; every question comes over a connection of its own. */
export async function ask(host: string, port = 80): Promise<string> {
  try {
    const answer = await fetch(`http://${host}:${port}/`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(3_000),
    })
    return (await answer.text()).trim()
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } }
    return cause?.code ?? String(error)
  }
}

/** exec on a terminal whose size changes, as kubectl's WebSocket does it; returns all that was shown. */
export async function execOnTerminal(lab: PodLab, pod: string): Promise<string> {
  const config = parse(readFileSync(lab.cluster.kubeconfig, 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[]
    users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[]
  }
  const { cluster } = config.clusters[0] ?? {}
  const { user } = config.users[0] ?? {}
  const path = `/api/v1/namespaces/default/pods/${pod}/exec`
  const query = 'command=sh&stdin=true&stdout=true&tty=true'
  const url = `${cluster?.server.replace('https:', 'wss:')}${path}?${query}`
  const bytes = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64')
  const socket = new WebSocket(url, 'v5.channel.k8s.io', {
    ca: bytes(cluster?.['certificate-authority-data']),
    cert: bytes(user?.['client-certificate-data']),
    key: bytes(user?.['client-key-data']),
  })
  let shown = ''
  const send = (channel: number, text: string) =>
    socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]))
  const resize = (Width: number, Height: number) => send(4, JSON.stringify({ Width, Height }))
  socket.on('message', (data: Buffer) => {
    if (data[0] === 1) shown += data.subarray(1).toString()
  })
  await once(socket, 'open')
  const size = (columns: number, rows: number) =>
    eventually(`${rows} rows and ${columns} columns`, () => {
      resize(columns, rows)
      send(0, 'stty size\n')
      return Promise.resolve(shown.includes(`${rows} ${columns}`) || undefined)
    })
  await size(91, 33)
  await size(132, 50)
  const closed = once(socket, 'close')
  send(0, 'exit\n')
  await closed
  return shown
}
