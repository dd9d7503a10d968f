import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Term } from '../../../src/base/brand.ts'
import type { ManualClock } from '../../../src/base/clock.ts'
import { type Logger, silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scope } from '../../../src/base/scope.ts'
import { isStatus } from '../../../src/base/status.ts'
import { createClient } from '../../../src/client/client.ts'
import { createInProcessTransport } from '../../../src/client/in-process-transport.ts'
import { createRecorder } from '../../../src/client/recorder.ts'
import { createInformer, createInformerFactory } from '../../../src/client/reflector.ts'
import {
  configMaps,
  deployments,
  endpointSlices,
  events,
  leases,
  namespaces,
  nodes,
  paths,
  pods,
  replicaSets,
  serviceAccounts,
  services,
} from '../../../src/client/resources.ts'
import type { Client } from '../../../src/client/typed.ts'
import { createControllers } from '../../../src/controllers/controllers.ts'
import { isActive, isReady } from '../../../src/controllers/pod-facts.ts'
import {
  type CustomDefinition,
  hasCondition,
} from '../../../src/kinds/apiextensions/definition-spec.ts'
import type { APIService, Deployment, Pod, Role } from '../../../src/kinds/types.ts'
import { admin, openCluster } from '../api/cluster.ts'
import { widget, widgetDefinition } from '../extension/widgets.ts'

/** The controllers against the real request pipeline: names, merge patches, grace, finalizers, defaults. */
interface World {
  readonly client: Client
  readonly clock: ManualClock
  readonly failures: unknown[]
  until(what: string, done: () => Promise<boolean>): Promise<void>
}

async function withApi(body: (world: World) => Promise<void>): Promise<void> {
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
    },
  })
  controllers.warm(scope)
  await Promise.all([controllers.startLeading(1 as Term, scope), clock.advanceAsync(500)])
  const until: World['until'] = async (what, done) => {
    for (let round = 0; round < 80; round += 1) {
      if (await done()) return
      await kubelets(client, clock)
      await clock.advanceAsync(200)
    }
    const all = (await pods(client).list()).items.map(({ metadata, status }) => [metadata, status])
    assert.fail(`${what} did not come: ${JSON.stringify({ failures, all }).slice(0, 3_000)}`)
  }
  await body({ client, clock, failures, until })
}

const dead = new Set<string>()

/** Binds, runs and ends pods, and renews leases, as scheduler and kubelets do. */
async function kubelets(client: Client, clock: ManualClock): Promise<void> {
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
    const { namespace = '', name = '', uid } = pod.metadata
    const node = pod.spec?.nodeName
    if (node && dead.has(node)) continue
    if (pod.metadata.deletionTimestamp) {
      await pods(client).delete(namespace, name, { gracePeriodSeconds: 0 })
      continue
    }
    const target = node ?? alive[index % alive.length]?.metadata.name ?? ''
    if (!node)
      await pods(client).subresource(namespace, name, 'binding', 'POST', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { kind: 'Node', name: target },
      })
    if (pod.status?.phase === 'Running' || pod.status?.phase === 'Failed') continue
    const bound = await pods(client).get(namespace, name)
    await pods(client).updateStatus({ ...bound, status: running(clock.wallMs(), index) })
  }
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

async function addNodes(client: Client, ...names: string[]): Promise<void> {
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

const labels = { app: 'web' }
const web = (replicas: number, image: string): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
  },
})

const isRolledOut = (client: Client, image: string, replicas: number) => async () => {
  const { metadata, status } = await deployments(client).get('default', 'web')
  const active = (await pods(client).list({ namespace: 'default' })).items.filter(isActive)
  return (
    status?.observedGeneration === metadata.generation &&
    status?.updatedReplicas === replicas &&
    status.availableReplicas === replicas &&
    active.length === replicas &&
    active.every((pod) => pod.spec?.containers[0]?.image === image && isReady(pod))
  )
}

async function namespace(client: Client, name: string): Promise<void> {
  await namespaces(client).create('', { metadata: { name } })
}

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true }

describe('controllers on the real API', () => {
  test('roll out, update, undo, publish endpoints, survive a lost node, and clean up', async () => {
    await withApi(async ({ client, until, failures }) => {
      await namespace(client, 'kube-node-lease')
      await addNodes(client, 'n1', 'n2')
      await services(client).create('default', {
        metadata: { name: 'web' },
        spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
      })
      await deployments(client).create('default', web(4, 'one'))
      await until('the rollout', isRolledOut(client, 'one', 4))
      const addresses = async () =>
        (await endpointSlices(client).list({ namespace: 'default' })).items
          .flatMap((slice) => slice.endpoints ?? [])
          .filter((endpoint) => endpoint.conditions?.ready)
      await until('the endpoints', async () => (await addresses()).length === 4)

      const change = async (spec: Partial<NonNullable<Deployment['spec']>>) =>
        deployments(client).patch('default', 'web', 'application/merge-patch+json', { spec })
      const { template } = web(4, 'two').spec ?? {}
      await change({ template: template ?? {} })
      await until('the update', isRolledOut(client, 'two', 4))
      const sets = (await replicaSets(client).list({ namespace: 'default' })).items
      assert.deepEqual(sets.map((set) => set.spec?.replicas).sort(), [0, 4])
      const first = sets.find((set) => set.spec?.replicas === 0)
      await change({ template: { spec: { containers: [{ name: 'c', image: 'one' }] } } })
      await until('the undo', isRolledOut(client, 'one', 4))
      const again = await replicaSets(client).get('default', first?.metadata.name ?? '')
      assert.equal(again.spec?.replicas, 4, 'the old set is taken again')
      assert.equal(again.metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
      const { status } = await deployments(client).get('default', 'web')
      const reasons = status?.conditions?.map(({ type, reason }) => `${type}=${reason}`).sort()
      assert.deepEqual(reasons, [
        'Available=MinimumReplicasAvailable',
        'Progressing=NewReplicaSetAvailable',
      ])

      dead.add('n1')
      const onlyOn = (name: string) => async () => {
        const active = (await pods(client).list({ namespace: 'default' })).items.filter(isActive)
        return active.length === 4 && active.every((pod) => pod.spec?.nodeName === name)
      }
      await until('the move', onlyOn('n2'))
      await until('the endpoints', async () => (await addresses()).length === 4)
      dead.clear()

      await deployments(client).delete('default', 'web', { propagationPolicy: 'Foreground' })
      await until('the end', async () => {
        const left = await Promise.all([
          deployments(client).list({ namespace: 'default' }),
          replicaSets(client).list({ namespace: 'default' }),
          pods(client).list({ namespace: 'default' }),
        ])
        return left.every(({ items }) => items.length === 0)
      })
      const told = (await events(client).list()).items.map(({ reason }) => reason)
      for (const reason of ['ScalingReplicaSet', 'SuccessfulCreate', 'TaintManagerEviction'])
        assert.ok(told.includes(reason), `${reason} was told`)
      assert.deepEqual(failures, [])
    })
  })

  test('a copy of more objects than a page holds is whole', async () => {
    await withApi(async ({ client, clock }) => {
      await namespace(client, 'many')
      const names = Array.from({ length: 1_203 }, (_, index) => `c${index}`)
      for (const name of names) await configMaps(client).create('many', { metadata: { name } })
      await using scope = new Scope()
      const deps = { clock, random: new SeededRandom(1), logger: silentLogger }
      const informer = createInformer(configMaps(client), { namespace: 'many' }, deps)
      informer.start(scope)
      await informer.synced
      // The controllers add one of their own, sooner or later.
      const copied = new Set(informer.list().map(({ metadata }) => metadata.name))
      assert.deepEqual(
        names.filter((name) => !copied.has(name)),
        [],
      )
      await configMaps(client).delete('many', 'c7')
      await clock.advanceAsync(1)
      assert.equal(informer.get('many/c7'), undefined)
    })
  })

  test('a namespace gets its account and goes with all it holds', async () => {
    await withApi(async ({ client, until, failures }) => {
      await namespace(client, 'kube-node-lease')
      await addNodes(client, 'n1')
      await namespace(client, 'team')
      const has = (what: Promise<unknown>) =>
        what.then(
          () => true,
          () => false,
        )
      await until('the account', () => has(serviceAccounts(client).get('team', 'default')))
      await until('the authority', () => has(configMaps(client).get('team', 'kube-root-ca.crt')))
      await deployments(client).create('team', {
        ...web(2, 'one'),
        metadata: { name: 'web', namespace: 'team' },
      })
      await until(
        'pods',
        async () => (await pods(client).list({ namespace: 'team' })).items.length === 2,
      )
      const roles = client.resource<Role>({ ...rbac, resource: 'roles' })
      await roles.create('team', { metadata: { name: 'r' } } as Role)
      const { metadata } = await configMaps(client).create('team', { metadata: { name: 'owner' } })
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid ?? '' }
      await roles.create('team', {
        metadata: { name: 'owned', ownerReferences: [owner] },
      } as Role)
      await configMaps(client).delete('team', 'owner')
      await until('the owned role to go', async () => !(await has(roles.get('team', 'owned'))))
      await namespaces(client).delete('', 'team')
      await until('the end', async () => !(await has(namespaces(client).get('', 'team'))))
      assert.equal((await pods(client).list({ namespace: 'team' })).items.length, 0)
      assert.equal((await roles.list({ namespace: 'team' })).items.length, 0)
      assert.deepEqual(failures, [])
    })
  })
})

describe('custom resources', () => {
  const definitionsOf = (client: Client) =>
    client.resource<CustomDefinition>(paths.customResourceDefinitions)
  const widgets = { group: 'example.com', version: 'v1', resource: 'widgets', namespaced: true }

  test('a definition is established and registered, and goes with its instances', async () => {
    await withApi(async ({ client, until, failures }) => {
      await definitionsOf(client).create('', widgetDefinition())
      const established = async () =>
        hasCondition(await definitionsOf(client).get('', 'widgets.example.com'), 'Established')
      await until('the establishment', established)
      const service = client.resource<APIService>(paths.apiServices)
      await until('the registration', () => isThere(service, 'v1.example.com'))
      await client.resource(widgets).create('default', widget('a'))
      await definitionsOf(client).delete('', 'widgets.example.com')
      await until(
        'the end of the definition',
        async () => !(await isThere(definitionsOf(client), 'widgets.example.com')),
      )
      await until(
        'the end of the registration',
        async () => !(await isThere(service, 'v1.example.com')),
      )
      assert.deepEqual(failures, [])
    })
  })

  test('a second definition that wants the same names is not established', async () => {
    await withApi(async ({ client, until }) => {
      await definitionsOf(client).create('', widgetDefinition())
      const other = widgetDefinition({
        names: { plural: 'gadgets', singular: 'gadget', kind: 'Widget' },
      })
      other.metadata.name = 'gadgets.example.com'
      await until('the first', async () =>
        hasCondition(await definitionsOf(client).get('', 'widgets.example.com'), 'Established'),
      )
      await definitionsOf(client).create('', other)
      const conditions = async () =>
        (await definitionsOf(client).get('', 'gadgets.example.com')).status?.conditions ?? []
      await until('the refusal', async () => (await conditions()).length > 0)
      assert.deepEqual(
        (await conditions()).map(({ type, status, reason }) => [type, status, reason]),
        [
          ['NamesAccepted', 'False', 'KindConflict'],
          ['Established', 'False', 'NotAccepted'],
        ],
      )
      await definitionsOf(client).delete('', 'widgets.example.com')
      await until('its turn', async () =>
        hasCondition(await definitionsOf(client).get('', 'gadgets.example.com'), 'Established'),
      )
    })
  })

  test('a namespace goes with the custom resources in it', async () => {
    await withApi(async ({ client, until }) => {
      await definitionsOf(client).create('', widgetDefinition())
      await until('the establishment', async () =>
        hasCondition(await definitionsOf(client).get('', 'widgets.example.com'), 'Established'),
      )
      await namespaces(client).create('', { metadata: { name: 'doomed' } })
      await client.resource(widgets).create('doomed', widget('a'))
      await namespaces(client).delete('', 'doomed')
      await until(
        'the end of the namespace',
        async () => !(await isThere(namespaces(client), 'doomed')),
      )
    })
  })
})

async function isThere(
  resource: { get(namespace: string, name: string): Promise<unknown> },
  name: string,
): Promise<boolean> {
  try {
    await resource.get('', name)
    return true
  } catch (error) {
    if (isStatus(error, 'NotFound')) return false
    throw error
  }
}
