import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { eventually } from '../process/eventually.ts'
import { type KubectlVersion, kubectlBinary, type Ran, runProgram } from './kubectl-binary.ts'

/** What a newcomer does with kubectl in the first hour, as steps that each assert what kubectl said. */
export interface FlowOptions {
  readonly version: KubectlVersion
  readonly kubeconfig: string
  /** An image with /bin/sh and a second tag of the web image: real containers only. */
  readonly toolImage: string
  /** Runs between the steps: faults. */
  readonly between?: () => Promise<void>
}

export class Kubectl {
  readonly #binary: string
  readonly #home: string
  readonly #env: NodeJS.ProcessEnv

  constructor(version: KubectlVersion, kubeconfig: string, env: NodeJS.ProcessEnv = {}) {
    const binary = kubectlBinary(version)
    if (binary === undefined) throw new Error('no pinned kubectl for this platform')
    this.#binary = binary
    // A home of its own: no discovery cache of other clusters.
    this.#home = mkdtempSync(join(tmpdir(), 'kijabi-kubectl-home-'))
    this.#env = { HOME: this.#home, KUBECONFIG: kubeconfig, ...env }
  }

  run(line: string, input?: string): Promise<Ran> {
    return runProgram(this.#binary, splitLine(line), {
      env: this.#env,
      timeoutMs: 90_000,
      ...(input === undefined ? {} : { input }),
    })
  }

  /** Runs and demands exit code 0; returns stdout. */
  async ok(line: string, input?: string): Promise<string> {
    const ran = await this.run(line, input)
    assert.equal(ran.code, 0, `kubectl ${line}\n${ran.stdout}\n${ran.stderr}`)
    return ran.stdout
  }

  /** Asks again until it says so: what a controller, a kubelet or another master does in its own time. */
  async until(line: string, expected: RegExp): Promise<string> {
    let last = ''
    const said = async () => {
      const ran = await this.run(line)
      last = `${ran.stdout}${ran.stderr}`
      return ran.code === 0 && expected.test(ran.stdout) ? ran.stdout : undefined
    }
    try {
      return await eventually(`kubectl ${line} says ${expected}`, said)
    } catch (cause) {
      throw new Error(`${cause}\n${last}`, { cause })
    }
  }

  /** Runs on a terminal of its own, typing `input`. */
  async onTerminal(line: string, input: string): Promise<string> {
    const command = [this.#binary, ...splitLine(line)].map(quote).join(' ')
    const ran = await runProgram('script', ['-qec', command, '/dev/null'], {
      ...{ env: this.#env, input, timeoutMs: 60_000 },
    })
    return ran.stdout
  }

  /** Starts a command that goes on (watch, logs -f); `until` resolves when its output matches. */
  follow(line: string): { until(expected: RegExp): Promise<string>; stop(): Promise<void> } {
    const child = spawn(this.#binary, splitLine(line), { env: { ...process.env, ...this.#env } })
    let text = ''
    const listeners = new Set<() => void>()
    const hear = (chunk: Buffer) => {
      text += chunk.toString('utf8')
      for (const listener of listeners) listener()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    const ended = new Promise<void>((done) => child.once('exit', () => done()))
    return {
      until: (expected) =>
        new Promise((done, fail) => {
          const timer = setTimeout(
            () => fail(new Error(`kubectl ${line} never printed ${expected}: ${text}`)),
            60_000,
          )
          const check = () => {
            if (!expected.test(text)) return
            listeners.delete(check)
            clearTimeout(timer)
            done(text)
          }
          listeners.add(check)
          check()
        }),
      stop: async () => {
        child.kill('SIGKILL')
        await ended
      },
    }
  }

  remove(): void {
    rmSync(this.#home, { recursive: true, force: true })
  }
}

function splitLine(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

export const webManifest = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {greeting: hello, colour: blue}
---
apiVersion: v1
kind: Secret
metadata: {name: token, namespace: shop}
stringData: {password: s3cret}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: web
        image: kijabi/web:1
        ports: [{containerPort: 8080}]
        env:
        - name: GREETING
          valueFrom: {configMapKeyRef: {name: settings, key: greeting}}
        - name: PASSWORD
          valueFrom: {secretKeyRef: {name: token, key: password}}
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
`

type Step = readonly [name: string, run: (kubectl: Kubectl, options: FlowOptions) => Promise<void>]

const deploying: readonly Step[] = [
  [
    'apply -f creates, and again changes nothing',
    async (kubectl) => {
      const directory = mkdtempSync(join(tmpdir(), 'kijabi-manifest-'))
      const file = join(directory, 'web.yaml')
      writeFileSync(file, webManifest)
      const first = await kubectl.ok(`apply -f ${file}`)
      for (const what of ['namespace/shop', 'configmap/settings', 'secret/token', 'service/web'])
        assert.match(first, new RegExp(`${what} created`))
      assert.match(first, /deployment\.apps\/web created/)
      const second = await kubectl.ok(`apply -f ${file}`)
      assert.match(second, /deployment\.apps\/web unchanged/)
      assert.match(second, /service\/web unchanged/)
      rmSync(directory, { recursive: true })
    },
  ],
  [
    'rollout status waits for three ready replicas',
    async (kubectl) => {
      const said = await kubectl.ok('rollout status deployment/web -n shop --timeout=80s')
      assert.match(said, /deployment "web" successfully rolled out/)
    },
  ],
  [
    'wait --for=condition',
    async (kubectl) => {
      const said = await kubectl.ok(
        'wait deployment/web -n shop --for=condition=Available --timeout=60s',
      )
      assert.match(said, /deployment\.apps\/web condition met/)
    },
  ],
]

const reading: readonly Step[] = [
  [
    'get prints tables as kubectl users know them',
    async (kubectl) => {
      const plain = await kubectl.ok('get deployments -n shop')
      assert.match(plain, /^NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\nweb\s+3\/3\s+3\s+3\s+\d+/)
      const pods = await kubectl.ok('get pods -n shop')
      assert.match(pods, /^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\n(web-\S+\s+1\/1\s+Running)/)
      const wide = await kubectl.ok('get pods -n shop -o wide')
      assert.match(wide, /IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES\n\S+.*\s(w1|w2)\s+<none>/)
      assert.match(
        await kubectl.ok('get nodes'),
        /^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION\nw1\s+Ready/,
      )
      await kubectl.until('get svc,endpointslices -n shop', /service\/web\s+ClusterIP[\s\S]*\/web-/)
      assert.match(await kubectl.ok('get all -n shop'), /replicaset\.apps\/web-\S+\s+3\s+3\s+3/)
    },
  ],
  [
    'get -o yaml and -o json give whole objects',
    async (kubectl) => {
      assert.match(await kubectl.ok('get cm settings -n shop -o yaml'), /greeting: hello/)
      const list = JSON.parse(await kubectl.ok('get pods -n shop -o json')) as {
        items: { status: { phase: string } }[]
      }
      assert.deepEqual(
        list.items.map((pod) => pod.status.phase),
        ['Running', 'Running', 'Running'],
      )
    },
  ],
  [
    'get selects by label, by field and over all namespaces',
    async (kubectl) => {
      const byLabel = await kubectl.ok('get pods -n shop -l app=web --no-headers')
      assert.equal(byLabel.trim().split('\n').length, 3)
      assert.equal(await kubectl.ok('get pods -n shop -l app=other --no-headers -o name'), '')
      const byField = await kubectl.ok(
        'get pods -A --field-selector status.phase=Running,metadata.namespace=shop -o name',
      )
      assert.equal(byField.trim().split('\n').length, 3)
      assert.match(await kubectl.ok('get pods -A'), /^NAMESPACE\s+NAME/)
    },
  ],
  [
    'get -w shows a change as it happens',
    async (kubectl) => {
      const watch = kubectl.follow('get configmaps -n shop -w --no-headers')
      await watch.until(/settings/)
      await kubectl.ok('create configmap late -n shop --from-literal=a=b')
      await watch.until(/late\s+1/)
      await watch.stop()
    },
  ],
  [
    'describe tells the story of an object',
    async (kubectl) => {
      const said = await kubectl.ok('describe deployment web -n shop')
      assert.match(said, /Replicas:\s+3 desired \| 3 updated \| 3 total \| 3 available/)
      // Events and Endpoints are written after what they tell of.
      await kubectl.until('describe deployment web -n shop', /ScalingReplicaSet/)
      // Of several objects kubectl 1.36 shows no events unless told to.
      const pods = 'describe pods -n shop -l app=web --show-events'
      await kubectl.until(pods, /Successfully assigned shop\/web-/)
      await kubectl.until(pods, /Started container web|Container started|Started/)
      assert.match(await kubectl.ok('describe node w1'), /Allocatable:/)
      await kubectl.until('describe service web -n shop', /Endpoints:\s+\S+:8080/)
    },
  ],
  [
    'explain, api-resources and version know the API',
    async (kubectl) => {
      assert.match(
        await kubectl.ok('explain pod.spec.containers'),
        /FIELD: containers <\[\]Container>/,
      )
      assert.match(await kubectl.ok('explain deployment.spec.strategy'), /rollingUpdate/)
      assert.match(
        await kubectl.ok('explain pods.spec --output=plaintext-openapiv2'),
        /activeDeadlineSeconds\s+<integer>/,
      )
      assert.match(
        await kubectl.ok(
          'explain hpa.spec --api-version=autoscaling/v1 --output=plaintext-openapiv2',
        ),
        /targetCPUUtilizationPercentage\s+<integer>/,
      )
      assert.match(await kubectl.ok('api-resources'), /deployments\s+deploy\s+apps\/v1\s+true/)
      assert.match(await kubectl.ok('version'), /Server Version: v1\.36/)
    },
  ],
]

const changing: readonly Step[] = [
  [
    'every resource that is announced is listed and printed',
    async (kubectl) => {
      const names = (await kubectl.ok('api-resources --verbs=list -o name')).trim().split('\n')
      assert.ok(names.length >= 60, names.join(' '))
      await kubectl.ok(`get ${names.join(',')} -A -o wide`)
    },
  ],
  [
    'scale up and down',
    async (kubectl) => {
      assert.match(await kubectl.ok('scale deployment/web -n shop --replicas=5'), /scaled/)
      await kubectl.ok('rollout status deployment/web -n shop --timeout=80s')
      assert.match(await kubectl.ok('get deployment web -n shop'), /5\/5/)
      await kubectl.ok('scale deployment/web -n shop --replicas=2')
      await kubectl.ok(
        `wait deployment/web -n shop --for=jsonpath={.status.replicas}=2 --timeout=60s`,
      )
    },
  ],
  [
    'set image rolls forward, history lists, undo rolls back',
    async (kubectl) => {
      await kubectl.ok('set image deployment/web web=kijabi/web:2 -n shop')
      await kubectl.ok('rollout status deployment/web -n shop --timeout=80s')
      assert.match(
        await kubectl.ok('rollout history deployment/web -n shop'),
        /REVISION\s+CHANGE-CAUSE\n1\s+<none>\n2\s+<none>/,
      )
      assert.match(await kubectl.ok('rollout undo deployment/web -n shop'), /rolled back/)
      await kubectl.ok('rollout status deployment/web -n shop --timeout=80s')
      const image = '{.spec.template.spec.containers[0].image}'
      assert.equal(
        await kubectl.ok(`get deployment web -n shop -o jsonpath=${image}`),
        'kijabi/web:1',
      )
    },
  ],
  [
    'rollout restart replaces every pod',
    async (kubectl) => {
      const names = 'get pods -n shop -l app=web -o name'
      const before = new Set((await kubectl.ok(names)).trim().split('\n'))
      await kubectl.ok('rollout restart deployment/web -n shop')
      await kubectl.ok('rollout status deployment/web -n shop --timeout=80s')
      const running = 'get pods -n shop -l app=web -o json'
      const list = JSON.parse(await kubectl.ok(running)) as {
        items: { metadata: { name: string; deletionTimestamp?: string } }[]
      }
      for (const { metadata } of list.items)
        if (!metadata.deletionTimestamp) assert.equal(before.has(`pod/${metadata.name}`), false)
    },
  ],
  [
    'label, annotate and patch change one object',
    async (kubectl) => {
      assert.match(await kubectl.ok('label deployment web -n shop tier=front'), /labeled/)
      assert.match(await kubectl.ok('get deploy -n shop -l tier=front -o name'), /web/)
      assert.match(await kubectl.ok('annotate cm settings -n shop note=one'), /annotated/)
      const patch = `patch cm settings -n shop -p '{"data":{"colour":"red"}}'`
      assert.match(await kubectl.ok(patch), /patched/)
      assert.equal(await kubectl.ok('get cm settings -n shop -o jsonpath={.data.colour}'), 'red')
    },
  ],
  [
    'apply --server-side takes over what was applied before, and quarrels with others',
    async (kubectl) => {
      const map = (colour: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: shared, namespace: shop}
data: {colour: ${colour}, shape: round}
`
      await kubectl.ok('apply -f -', map('red'))
      assert.match(await kubectl.ok('apply --server-side -f -', map('green')), /serverside-applied/)
      const other = 'apply --server-side --field-manager=other -f -'
      const refused = await kubectl.run(other, map('blue'))
      assert.equal(refused.code, 1)
      assert.match(refused.stderr, /conflict with "kubectl": \.data\.colour/)
      await kubectl.ok(`${other} --force-conflicts`, map('blue'))
      const owners = 'jsonpath={range .metadata.managedFields[*]}{.manager}/{.operation} {end}'
      const said = await kubectl.ok(`get cm shared -n shop --show-managed-fields -o '${owners}'`)
      // kubectl migrates what it applied client-side, and keeps its annotation under a manager of its own.
      // The order is that of their times, which are whole seconds, and of their names within one.
      assert.deepEqual(said.trim().split(' ').sort(), [
        ...['kubectl-last-applied/Apply', 'kubectl/Apply', 'other/Apply'],
      ])
      await kubectl.ok('delete cm shared -n shop')
    },
  ],
  [
    'create secret and namespace in the binary encoding',
    async (kubectl) => {
      assert.match(await kubectl.ok('create namespace second'), /namespace\/second created/)
      await kubectl.ok('create secret generic api -n second --from-literal=key=value')
      const key = await kubectl.ok('get secret api -n second -o jsonpath={.data.key}')
      assert.equal(Buffer.from(key, 'base64').toString(), 'value')
      await kubectl.ok('delete namespace second --timeout=60s')
      assert.equal((await kubectl.run('get namespace second')).code, 1)
    },
  ],
]

const identity: readonly Step[] = [
  [
    'create token names a service account, which may do nothing by itself',
    async (kubectl) => {
      const token = (await kubectl.ok('create token default -n shop')).trim()
      const claims = JSON.parse(
        Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
      ) as Record<string, unknown>
      assert.equal(claims['sub'], 'system:serviceaccount:shop:default')
      const who = '--as system:serviceaccount:shop:default'
      assert.equal(await kubectl.ok('auth can-i list pods -n shop'), 'yes\n')
      assert.match((await kubectl.run(`auth can-i list pods -n shop ${who}`)).stdout, /^no/)
    },
  ],
]

const deleting: readonly Step[] = [
  [
    'delete pod, with and without --grace-period, and the ReplicaSet replaces it',
    async (kubectl) => {
      const first = async () =>
        (await kubectl.ok('get pods -n shop -l app=web -o name')).trim().split('\n')[0] ?? ''
      const gone = await first()
      assert.match(await kubectl.ok(`delete ${gone} -n shop --timeout=60s`), /deleted/)
      assert.match((await kubectl.run(`get ${gone} -n shop`)).stderr, /NotFound/)
      const forced = await first()
      await kubectl.ok(`delete ${forced} -n shop --grace-period=0 --force`)
      await kubectl.ok('rollout status deployment/web -n shop --timeout=80s')
    },
  ],
  [
    'delete deployment takes its ReplicaSets and pods with it',
    async (kubectl) => {
      await kubectl.ok('delete deployment web -n shop --cascade=foreground --timeout=60s')
      assert.equal(await kubectl.ok('get rs -n shop -o name'), '')
    },
  ],
  [
    'delete namespace takes everything in it along',
    async (kubectl) => {
      assert.match(await kubectl.ok('delete namespace shop --timeout=80s'), /"shop" deleted/)
      assert.match((await kubectl.run('get namespace shop')).stderr, /NotFound/)
      assert.equal((await kubectl.ok('get cm -A -o name')).includes('settings'), false)
    },
  ],
]

const containers: readonly Step[] = [
  [
    'logs, logs -f and --tail',
    async (kubectl) => {
      const said = await kubectl.ok('logs deployment/web -n shop')
      assert.match(said, /listening on :8080/)
      const follow = kubectl.follow('logs -f deployment/web -n shop --tail=1')
      // The readiness probe asks every second.
      await follow.until(/GET \/ HTTP\/1\.1[\s\S]*GET \/ HTTP\/1\.1/)
      await follow.stop()
    },
  ],
  [
    'exec, exec -i and exec -it',
    async (kubectl, { toolImage }) => {
      await kubectl.ok('apply -f -', toolManifest(toolImage))
      await kubectl.ok('wait pod/tool -n shop --for=condition=Ready --timeout=60s')
      assert.equal(await kubectl.ok('exec tool -n shop -- echo one'), 'one\n')
      assert.equal(
        await kubectl.ok('exec -i tool -n shop -- cat', 'through stdin'),
        'through stdin',
      )
      const failed = await kubectl.run(`exec tool -n shop -- sh -c 'exit 7'`)
      assert.equal(failed.code, 7)
      const typed = await kubectl.onTerminal('exec -it tool -n shop -- sh', 'echo $((6*7))\nexit\n')
      assert.match(typed, /42/)
      assert.match(await kubectl.ok('exec tool -n shop -- cat /etc/settings/greeting'), /hello/)
    },
  ],
  [
    'the Service answers at its ClusterIP, from the host and from a pod',
    async (kubectl) => {
      const address = await kubectl.ok('get service web -n shop -o jsonpath={.spec.clusterIP}')
      const ask = async () => {
        const answer = await fetch(`http://${address}/`, { headers: { connection: 'close' } })
        return (await answer.text()).trim()
      }
      // The nodes hear of endpoints in their own time; from the first answer on all must come.
      await eventually('an answer at the ClusterIP', () => ask().catch(() => undefined))
      const answers = new Set<string>()
      await eventually('an answer of a second pod', async () => {
        answers.add(await ask())
        return answers.size > 1 || undefined
      })
      for (let count = 0; count < 30; count += 1) answers.add(await ask())
      const pods = await kubectl.ok('get pods -n shop -l app=web -o name')
      for (const answer of answers) assert.match(pods, new RegExp(`pod/${answer}\\n`))
      const fromPod = await kubectl.ok(`exec tool -n shop -- wget -qO- http://${address}/`)
      assert.match(pods, new RegExp(`pod/${fromPod.trim()}\\n`))
      await kubectl.ok('delete pod tool -n shop --grace-period=1')
    },
  ],
]

function toolManifest(image: string): string {
  return `
apiVersion: v1
kind: Pod
metadata: {name: tool, namespace: shop}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: tool
    image: ${image}
    command: [/bin/sh, -c, 'trap exit TERM; sleep 3600 & wait']
    volumeMounts: [{name: settings, mountPath: /etc/settings}]
  volumes:
  - name: settings
    configMap: {name: settings}
`
}

/** Runs every step as a subtest; with real containers, those that need them too. */
export async function runFlow(
  context: TestContext,
  options: FlowOptions,
  realContainers: boolean,
): Promise<void> {
  const kubectl = new Kubectl(options.version, options.kubeconfig)
  try {
    const steps = [
      ...deploying,
      ...reading,
      ...(realContainers ? containers : []),
      ...changing,
      ...identity,
      ...deleting,
    ]
    for (const [name, run] of steps) {
      await options.between?.()
      await context.test(name, () => run(kubectl, options))
    }
  } finally {
    kubectl.remove()
  }
}
