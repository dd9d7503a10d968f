import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  CoreV1Api,
  KubeConfig,
  makeInformer,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node'
import {
  kijabi,
  killLeader,
  startTestCluster,
  statusWhen,
  type TestCluster,
} from '../process/test-cluster.ts'
import { writeChart } from './helm-chart.ts'
import { helmBinary, kubectlBinary, type Ran, runProgram } from './kubectl-binary.ts'
import { Kubectl } from './kubectl-flow.ts'

/**
 * The core of the client matrix while the leader is killed again and again. A connection that breaks with a
 * request on it is the client's to repeat; nothing else may fail.
 */
const masters = 3
const killsMin = 2 * masters
const repeatsMax = 5
const namespace = 'default'

/**
 * What Go's clients and Node's say of a connection that ended under a request. Of an uninstall Helm
 * names the release that was not deleted, and not what broke.
 */
const broken =
  /\bEOF\b|connection reset by peer|broken pipe|client connection lost|server sent GOAWAY|server closed idle connection|socket hang up|ECONNRESET|other side closed|Premature close|terminated|fetch failed|failed to delete release: /

/**
 * Kills the leader whenever all members are well; `stop` resolves once they are well again. The masters
 * lead and die in turn: left to themselves two of them may take turns for minutes, and whoever is
 * connected to the third would never lose a connection.
 */
class Killer {
  readonly #cluster: TestCluster
  readonly #running: Promise<void>
  #isStopped = false
  #failure: unknown
  kills = 0

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
    this.#running = this.#run()
    this.#running.catch((error: unknown) => {
      this.#failure = error
    })
  }

  /** Throws what ended the killing early. */
  get isDone(): boolean {
    if (this.#failure !== undefined) throw this.#failure
    return this.kills >= killsMin
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#lead(`m${(this.kills % masters) + 1}`)
      await killLeader(this.#cluster)
      this.kills += 1
      await statusWhen(
        this.#cluster,
        'all members are well',
        ({ leader, members }) =>
          leader !== null && members.every(({ healthy, lag }) => healthy && lag < 1_000),
      )
    }
  }

  async #lead(name: string): Promise<void> {
    const { leader } = await statusWhen(this.#cluster, 'a leader', (one) => one.leader !== null)
    if (leader === name) return
    const directory = this.#cluster.directory
    const ran = await kijabi(['raft', 'transfer-leader', name, '--data-dir', directory])
    assert.equal(ran.code, 0, ran.stderr)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }
}

/**
 * Runs a command until it succeeds, again only after a broken connection. What a broken attempt had done
 * already may be refused the second time: `done` is how that reads.
 */
async function repeated(what: string, attempt: () => Promise<Ran>, done?: RegExp): Promise<Ran> {
  for (let count = 0; ; count += 1) {
    const ran = await attempt()
    const said = `${ran.stdout}\n${ran.stderr}`
    if (ran.code === 0 || (count > 0 && done?.test(said))) return ran
    assert.match(said, broken, `${what} ended with ${ran.code}`)
    assert.ok(count < repeatsMax, `${what} never succeeded: ${said}`)
  }
}

const manifest = (name: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: ${namespace}}
data: {a: "1"}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}}
spec: {selector: {app: ${name}}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: web, image: "kijabi/web:1", ports: [{containerPort: 8080}]}]
`

/** One round of what people do with kubectl, each output looked at. */
async function kubectlRound(kubectl: Kubectl, name: string): Promise<void> {
  const run = async (line: string, expected: RegExp, input?: string, done?: RegExp) => {
    const ran = await repeated(`kubectl ${line}`, () => kubectl.run(line, input), done)
    if (ran.code === 0) assert.match(ran.stdout, expected, `kubectl ${line}`)
  }
  const web = `deployment/${name}`
  await run(
    `create configmap ${name}-made --from-literal=a=1`,
    /created/,
    undefined,
    /AlreadyExists/,
  )
  await run('apply -f -', /configmap.*service.*deployment/s, manifest(name))
  await run(`rollout status ${web} --timeout=80s`, /successfully rolled out/)
  await run(`scale ${web} --replicas=2`, /scaled/)
  await run(`rollout status ${web} --timeout=80s`, /successfully rolled out/)
  await run(`get ${web} -o jsonpath={.status.availableReplicas}`, /^2$/)
  await run(`get pods -l app=${name} -o wide`, /Running.*\n.*Running/)
  await run(`logs ${web}`, /^/)
  await run(`label configmap ${name} round=yes --overwrite`, /labeled/)
  await run(`patch configmap ${name} --type=merge -p {"data":{"b":"2"}}`, /patched/)
  await run('apply --server-side --force-conflicts -f -', /serverside-applied/, manifest(name))
  await run(`get configmap ${name} -o jsonpath={.data}`, /"a":"1"/)
  await run(`describe ${web}`, /RollingUpdateStrategy/)
  const all = `${web} service/${name} configmap/${name} configmap/${name}-made`
  // An attempt that broke off may have left nothing to delete, and so nothing to say.
  await run(`delete ${all} --ignore-not-found --timeout=80s`, /^/)
  await run(`get ${all} --ignore-not-found`, /^$/)
}

/** A release from its install to its end. A Helm that broke off leaves a lock: then it starts over. */
async function helmRound(run: (line: string) => Promise<Ran>, chart: string): Promise<void> {
  const release = 'killed'
  const waiting = '--wait --timeout 80s'
  const clear = () =>
    repeated('helm uninstall', () => run(`uninstall ${release} --ignore-not-found --wait`))
  await repeated('helm install and upgrade', async () => {
    await clear()
    const installed = await run(`install ${release} ${chart} ${waiting}`)
    if (installed.code !== 0) return installed
    return run(`upgrade ${release} ${chart} --set replicas=2 ${waiting}`)
  })
  const status = await repeated('helm status', () => run(`status ${release}`))
  assert.match(status.stdout, /STATUS: deployed\nREVISION: 2/)
  await clear()
}

interface Seen {
  readonly type: string
  readonly name: string
  readonly revision: string
}

/** All events after `from`, over as many watches as it takes, until `last` is among them. */
class Watching {
  readonly seen: Seen[] = []
  readonly #config: KubeConfig
  #revision: string
  #last: string | undefined
  watches = 0

  constructor(config: KubeConfig, from: string) {
    this.#config = config
    this.#revision = from
  }

  async until(last: () => string | undefined): Promise<Seen[]> {
    for (;;) {
      await this.#once(last)
      if (this.#last !== undefined) return this.seen
    }
  }

  #once(last: () => string | undefined): Promise<void> {
    return new Promise((done, fail) => {
      this.watches += 1
      const hangUp = new AbortController()
      const path = `/api/v1/namespaces/${namespace}/configmaps`
      const started = new Watch(this.#config).watch(
        path,
        { resourceVersion: this.#revision, labelSelector: 'watched=yes' },
        (type: string, object: V1ConfigMap) => {
          const { name = '', resourceVersion = '' } = object.metadata ?? {}
          if (type === 'ERROR') return fail(new Error(JSON.stringify(object)))
          this.seen.push({ type, name, revision: resourceVersion })
          this.#revision = resourceVersion
          if (name !== last()) return
          this.#last = name
          hangUp.abort()
        },
        () => done(),
      )
      started.then(
        (controller) => hangUp.signal.addEventListener('abort', () => controller.abort()),
        // Not even a connection: the next one may find a master that lives.
        () => done(),
      )
    })
  }
}

/** Writes objects that are watched, each attempt again after a broken connection. */
async function write(core: CoreV1Api, name: string, value: number): Promise<void> {
  const body = { metadata: { name, labels: { watched: 'yes' } }, data: { value: `${value}` } }
  for (let count = 0; ; count += 1) {
    try {
      await core.createNamespacedConfigMap({ namespace, body })
      return
    } catch (error) {
      const { code } = error as { code?: number | string }
      if (code === 409 && count > 0) return
      assert.match(`${code} ${error} ${(error as Error).cause}`, broken, name)
      assert.ok(count < repeatsMax, `${name} was never written: ${error}`)
    }
  }
}

interface KeptInformer {
  /** How often each object was told to be new. */
  readonly added: ReadonlyMap<string, number>
  get(name: string): V1ConfigMap | undefined
  stop(): Promise<void>
}

/** As programs keep an informer going: what ends it begins it again. */
function startInformer(config: KubeConfig, core: CoreV1Api): KeptInformer {
  const labelSelector = 'watched=yes'
  const informer = makeInformer<V1ConfigMap>(
    config,
    `/api/v1/namespaces/${namespace}/configmaps`,
    () => core.listNamespacedConfigMap({ namespace, labelSelector }),
    labelSelector,
  )
  const added = new Map<string, number>()
  informer.on('add', ({ metadata }) => {
    const name = metadata?.name ?? ''
    added.set(name, (added.get(name) ?? 0) + 1)
  })
  let isStopped = false
  const begin = () => void informer.start().catch(again)
  const again = () => void (isStopped || setImmediate(begin))
  informer.on('error', again)
  begin()
  const stop = async () => {
    isStopped = true
    await informer.stop()
  }
  return { added, stop, get: (name) => informer.get(name, namespace) }
}

async function underKills(
  context: TestContext,
  work: (cluster: TestCluster, killer: Killer) => Promise<void>,
): Promise<void> {
  const cluster = await startTestCluster({ runtime: 'sim', masters, workers: 1 })
  const killer = new Killer(cluster)
  try {
    await work(cluster, killer)
    await killer.stop()
    context.diagnostic(`${killer.kills} leaders were killed`)
  } finally {
    await killer.stop().catch(() => {})
    await cluster.remove()
  }
}

test('kubectl and Helm do their work while leaders are killed', async (context) => {
  const helm = helmBinary('v35')
  if (!kubectlBinary('v35') || !helm) return context.skip('no packages for this platform')
  const home = mkdtempSync(join(tmpdir(), 'kijabi-kills-'))
  try {
    const chart = writeChart(mkdtempSync(join(home, 'chart-')))
    await underKills(context, async (cluster, killer) => {
      const env = { HOME: home, KUBECONFIG: cluster.kubeconfig }
      const kubectl = new Kubectl('v35', cluster.kubeconfig)
      const runHelm = (line: string) =>
        runProgram(helm, line.split(' '), { env, timeoutMs: 120_000 })
      for (let round = 0; !killer.isDone; round += 1) {
        await kubectlRound(kubectl, `round-${round}`)
        await helmRound(runHelm, chart)
      }
    })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})

test('no watch and no informer loses or repeats an event while leaders are killed', async (context) => {
  await underKills(context, async (cluster, killer) => {
    const config = new KubeConfig()
    config.loadFromFile(cluster.kubeconfig)
    const core = config.makeApiClient(CoreV1Api)
    const before = await core.listNamespacedConfigMap({ namespace }).catch(() =>
      // The first kill may hit this very request.
      core.listNamespacedConfigMap({ namespace }),
    )
    const from = before.metadata?.resourceVersion ?? ''
    const informer = startInformer(config, core)
    // An informer without a cluster asks for ever, and keeps the process.
    try {
      let last: string | undefined
      const watching = new Watching(config, from)
      const watched = watching.until(() => last)
      watched.catch(() => {})
      let count = 0
      for (; !killer.isDone; count += 1) await write(core, `watched-${count}`, count)
      await killer.stop()
      const names = Array.from({ length: count + 1 }, (_, index) => `watched-${index}`)
      last = names.at(-1) ?? ''
      await write(core, last, count)
      const live = await watched
      const whole = await new Watching(config, from).until(() => last)
      assert.deepEqual(live, whole, 'resumed watches tell what one watch tells')
      assert.deepEqual(live.map(({ name }) => name).sort(), [...names].sort())
      assert.ok(watching.watches > 1, 'a watch had to be resumed')
      while (!names.every((name) => informer.get(name)))
        await core.listNamespacedConfigMap({ namespace, limit: 1 })
      assert.deepEqual([...new Set(informer.added.values())], [1])
      context.diagnostic(`${count} writes, ${watching.watches} watches`)
    } finally {
      await informer.stop()
    }
  })
})
