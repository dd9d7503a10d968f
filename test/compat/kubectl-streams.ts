import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { KubectlVersion } from './kubectl-binary.ts'
import { Kubectl } from './kubectl-flow.ts'

/** By what kubectl carries its streams: WebSockets, as it does by default, or bare SPDY. */
export const carriers = ['websocket', 'spdy'] as const
export type StreamCarrier = (typeof carriers)[number]

export interface StreamsOptions {
  readonly version: KubectlVersion
  readonly carrier: StreamCarrier
  readonly kubeconfig: string
  /** An image with /bin/sh, tar, nc and httpd; any name does for simulated containers. */
  readonly image: string
  readonly realContainers: boolean
}

type Step = readonly [
  name: string,
  run: (kubectl: Kubectl, options: StreamsOptions) => Promise<void>,
]

const streams: readonly Step[] = [
  [
    'exec: output, exit code, input to its end, a terminal',
    async (kubectl) => {
      assert.equal(await kubectl.ok('exec target -- hostname'), 'target\n')
      const failed = await kubectl.run(`exec target -- sh -c 'echo out; echo err 1>&2; exit 7'`)
      assert.deepEqual([failed.code, failed.stdout], [7, 'out\n'])
      assert.match(failed.stderr, /^err\n/)
      const long = 'a line of many\n'.repeat(50_000)
      assert.equal(await kubectl.ok('exec -i target -- cat', long), long)
      assert.match(await kubectl.onTerminal('exec -it target -- hostname', ''), /target/)
    },
  ],
  [
    'run -i --rm attaches to what it starts, and deletes it',
    async (kubectl, { image }) => {
      const line = `run once -i --rm --restart=Never --image=${image} --image-pull-policy=IfNotPresent`
      const said = await kubectl.ok(`${line} --command -- cat`, 'to and fro\n')
      assert.match(said, /to and fro\n/)
      assert.match(said, /pod "once" deleted/)
      assert.equal((await kubectl.run('get pod once')).code, 1)
    },
  ],
  [
    'attach shows what a container writes from now on',
    async (kubectl) => {
      const attached = kubectl.follow('attach chatty')
      await attached.until(/tick\ntick\n/)
      await attached.stop()
    },
  ],
  [
    'port-forward: several connections, one after the other and at once; a dead port harms none',
    async (kubectl) => {
      const forward = kubectl.follow('port-forward pod/target :8080 :1')
      const said = await forward.until(/-> 8080[\s\S]*-> 1\n/)
      const [, port] = /127\.0\.0\.1:(\d+) -> 8080/.exec(said) ?? []
      const ask = async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/`, {
          headers: { connection: 'close' },
        })
        return answer.text()
      }
      assert.match(await ask(), /target/)
      for (const answer of await Promise.all(Array.from({ length: 8 }, ask)))
        assert.match(answer, /target/)
      await forward.stop()
    },
  ],
  [
    'get --raw through the proxies of a node, a pod and a service',
    async (kubectl) => {
      const node = await kubectl.ok('get pod target -o jsonpath={.spec.nodeName}')
      const proxy = `get --raw /api/v1/nodes/${node}/proxy`
      const summary = await kubectl.until(`${proxy}/stats/summary`, /"target"/)
      const { pods } = JSON.parse(summary) as { pods: { podRef: { name: string } }[] }
      assert.ok(pods.some((one) => one.podRef.name === 'target'))
      await kubectl.until(
        `${proxy}/metrics/resource`,
        /^container_cpu_usage_seconds_total\{.*pod="target"\} /m,
      )
      const place = '/api/v1/namespaces/default'
      await kubectl.until(`get --raw ${place}/pods/target:8080/proxy/`, /target/)
      await kubectl.until(`get --raw ${place}/services/target:web/proxy/`, /target/)
    },
  ],
  [
    'debug adds a container to a running pod',
    async (kubectl, { image }) => {
      const line = `debug target --image=${image} --image-pull-policy=IfNotPresent -c helper --target=main`
      await kubectl.ok(`${line} -- sleep 600`)
      const status = '{.status.ephemeralContainerStatuses[0]'
      await kubectl.ok(`wait pod/target --for=jsonpath=${status}.name}=helper --timeout=60s`)
      const state = `get pod target -o jsonpath=${status}.state.running.startedAt}`
      await kubectl.until(state, /^\d{4}-/)
      assert.equal(await kubectl.ok('exec target -c helper -- echo inside'), 'inside\n')
      const again = `patch pod target --subresource=ephemeralcontainers -p '{"spec":{"ephemeralContainers":[{"name":"helper","image":"other"}]}}'`
      const refused = await kubectl.run(again)
      assert.match(refused.stderr, /existing ephemeral containers "helper" may not be changed/)
    },
  ],
]

const withFiles: readonly Step[] = [
  [
    'cp carries files there and back, bytes as they are',
    async (kubectl) => {
      const directory = mkdtempSync(join(tmpdir(), 'kijabi-cp-'))
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 251))
      writeFileSync(join(directory, 'there'), bytes)
      await kubectl.ok(`cp ${directory}/there target:/tmp/file`)
      assert.equal((await kubectl.ok('exec target -- wc -c /tmp/file')).trim(), '300000 /tmp/file')
      await kubectl.ok(`cp target:/tmp/file ${directory}/back`)
      assert.deepEqual(readFileSync(join(directory, 'back')), bytes)
      rmSync(directory, { recursive: true })
    },
  ],
  [
    'port-forward reaches a process that listens on 127.0.0.1 of its pod only',
    async (kubectl) => {
      const forward = kubectl.follow('port-forward pod/target :8081')
      const [, port] = /127\.0\.0\.1:(\d+) ->/.exec(await forward.until(/-> 8081/)) ?? []
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
      assert.match(await answer.text(), /target/)
      await forward.stop()
    },
  ],
  [
    'debug sees the processes of its target',
    async (kubectl) => {
      assert.match(await kubectl.ok('exec target -c helper -- ps'), /httpd/)
    },
  ],
]

function manifest(image: string, realContainers: boolean): string {
  const serve =
    'hostname > /tmp/index.html; httpd -p 127.0.0.1:8081 -h /tmp; exec httpd -f -p 8080 -h /tmp'
  const command = realContainers ? JSON.stringify(['sh', '-c', serve]) : '[serve]'
  return `
apiVersion: v1
kind: Pod
metadata: {name: target, labels: {app: target}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: main, image: '${image}', imagePullPolicy: IfNotPresent, command: ${command}, ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: target}
spec: {selector: {app: target}, ports: [{name: web, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: chatty}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: main, image: '${image}', imagePullPolicy: IfNotPresent, command: [sh, -c, 'while true; do echo tick; sleep 0.2; done']}
`
}

/** Everything of kubectl that is a stream, as subtests. */
export async function runStreams(context: TestContext, options: StreamsOptions): Promise<void> {
  const { version, kubeconfig, image, realContainers } = options
  const webSockets = String(options.carrier === 'websocket')
  const kubectl = new Kubectl(version, kubeconfig, {
    KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets,
    KUBECTL_PORT_FORWARD_WEBSOCKETS: webSockets,
  })
  try {
    await kubectl.ok('apply -f -', manifest(image, realContainers))
    await kubectl.ok('wait pod/target pod/chatty --for=condition=Ready --timeout=60s')
    for (const [name, run] of [...streams, ...(realContainers ? withFiles : [])])
      await context.test(name, () => run(kubectl, options))
    await kubectl.ok('delete pod/target pod/chatty service/target --force --grace-period=0')
  } finally {
    kubectl.remove()
  }
}
