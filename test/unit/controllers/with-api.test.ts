import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scope } from '../../../src/base/scope.ts'
import { isStatus } from '../../../src/base/status.ts'
import { createInformer } from '../../../src/client/reflector.ts'
import {
  configMaps,
  deployments,
  endpointSlices,
  events,
  namespaces,
  paths,
  pods,
  replicaSets,
  serviceAccounts,
  services,
} from '../../../src/client/resources.ts'
import type { Client } from '../../../src/client/typed.ts'
import { isActive, isReady } from '../../../src/controllers/pod-facts.ts'
import {
  type CustomDefinition,
  hasCondition,
} from '../../../src/kinds/apiextensions/definition-spec.ts'
import type { APIService, Deployment, Role } from '../../../src/kinds/types.ts'
import { widget, widgetDefinition } from '../extension/widgets.ts'
import { addNodes, dead, namespace, withApi } from './with-api.ts'

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

  test('a registration of another server says whether that answers, as long as it is there', async () => {
    let answers = false
    const probeApiService = async () =>
      answers
        ? ({ status: 'True', reason: 'Passed', message: 'all checks passed' } as const)
        : ({ status: 'False', reason: 'ServiceNotFound', message: 'not present' } as const)
    await withApi(
      async ({ client, until }) => {
        const services = client.resource<APIService>(paths.apiServices)
        const available = async (name: string) => {
          const { status } = await services.get('', name)
          const found = status?.conditions?.find(({ type }) => type === 'Available')
          return `${found?.status} ${found?.reason}`
        }
        await services.create('', {
          metadata: { name: 'v1.fish.example.com' },
          spec: {
            ...{ group: 'fish.example.com', version: 'v1' },
            ...{ groupPriorityMinimum: 100, versionPriority: 10 },
            service: { namespace: 'default', name: 'fish' },
          },
        } as APIService)
        const tells = (wanted: string) => async () =>
          (await available('v1.fish.example.com')) === wanted
        await until('the missing Service', tells('False ServiceNotFound'))
        answers = true
        await until('the answer', tells('True Passed'))
        assert.equal(await available('v1.apps'), 'True Local')
      },
      { probeApiService },
    )
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
          ['NamesAccepted', 'False', 'ListKindConflict'],
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
