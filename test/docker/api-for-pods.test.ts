import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { Duplex } from 'node:stream'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { parse } from 'yaml'
import { kubectlBinary } from '../compat/kubectl-binary.ts'
import { eventually } from '../process/eventually.ts'
import { memberPid } from '../process/test-cluster.ts'
import { labMissing, PodLab, shell, staying } from './pod-lab.ts'

const missing = await labMissing()
const options = { skip: missing }
let lab: PodLab

before(async () => {
  if (missing) return
  lab = await PodLab.start({ runtime: 'docker' })
  await lab.create('asks', { containers: [shell(staying)] })
  await lab.until('asks', 'running', (pod) => pod.status?.phase === 'Running')
})
after(() => lab?.remove())

function authority(): Buffer {
  const config = parse(readFileSync(lab.cluster.kubeconfig, 'utf8')) as {
    clusters: { cluster: { 'certificate-authority-data': string } }[]
  }
  return Buffer.from(config.clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64')
}

/** GET /version over TLS, checked against `name`; from the host, or over `within`. */
function version(host: string, name: string, within?: Duplex): Promise<string> {
  return new Promise((done, fail) => {
    const common = { servername: name, ca: authority() }
    const outgoing = request({
      ...{ host, port: 443, path: '/version', agent: false, ...common },
      ...(within ? { createConnection: () => connect({ socket: within, ...common }) } : {}),
    })
    outgoing.once('error', fail)
    outgoing.once('response', async (response) => {
      let text = ''
      for await (const chunk of response) text += String(chunk)
      done((JSON.parse(text) as { gitVersion: string }).gitVersion)
    })
    outgoing.end()
  })
}

/** A TCP connection that a program within the pod opens; its bytes come through kubectl. */
function fromPod(host: string): { readonly duplex: Duplex; end(): Promise<void> } {
  const parameters = ['exec', '-i', 'asks', '--', 'nc', host, '443']
  const child: ChildProcessWithoutNullStreams = spawn(kubectlBinary('v35') ?? '', parameters, {
    env: { ...process.env, KUBECONFIG: lab.cluster.kubeconfig },
  })
  child.stderr.resume()
  const duplex = Duplex.from({ readable: child.stdout, writable: child.stdin })
  duplex.on('error', () => {})
  return {
    duplex,
    end: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

test(
  'pods and the host reach the API at the ClusterIP of kubernetes, by its name',
  options,
  async () => {
    const host = await lab.exec('asks', 'echo $KUBERNETES_SERVICE_HOST').then((text) => text.trim())
    assert.match(host, /^10\.\d+\.0\.1$/)
    const slices = () =>
      lab.kubectl.ok('get endpointslice kubernetes -o jsonpath={.endpoints[*].addresses[0]}')
    const address = await eventually('an endpoint of kubernetes', async () =>
      slices().then(
        (text) => text.trim() || undefined,
        () => undefined,
      ),
    )
    assert.match(address, /^\d+\.\d+\.\d+\.\d+$/)
    const own = await eventually('an answer to the host', () =>
      version(host, 'kubernetes.default.svc').catch(() => undefined),
    )
    assert.match(own, /^v1\.36/)
    const { duplex, end } = fromPod(host)
    try {
      assert.equal(await version(host, host, duplex).catch((error: unknown) => String(error)), own)
    } finally {
      await end()
    }
  },
)

test('a worker that dies leaves its offer to another one', options, async () => {
  const host = await lab.exec('asks', 'echo $KUBERNETES_SERVICE_HOST').then((text) => text.trim())
  for (const name of ['w1', 'w2']) {
    process.kill(memberPid(lab.cluster, name), 'SIGKILL')
    const answer = await eventually(`an answer after the end of ${name}`, () =>
      version(host, 'kubernetes.default.svc').catch(() => undefined),
    )
    assert.match(answer, /^v1\.36/)
  }
})
