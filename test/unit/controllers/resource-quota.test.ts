import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Term } from '../../../src/base/brand.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scope } from '../../../src/base/scope.ts'
import { createClient } from '../../../src/client/client.ts'
import { createInProcessTransport } from '../../../src/client/in-process-transport.ts'
import { createInformerFactory } from '../../../src/client/reflector.ts'
import { resourceQuotaController } from '../../../src/controllers/resource-quota.ts'
import { countedKinds } from '../../../src/kinds/quota/counted-resources.ts'
import { admin, openCluster } from '../api/cluster.ts'

test('a quota gets its status, and back what a deleted pod gives up', async () => {
  await using cluster = await openCluster()
  await using scope = new Scope()
  const transport = createInProcessTransport((request) => cluster.api.handle(request, admin))
  const client = createClient(transport)
  const deps = { clock: systemClock, random: new SeededRandom(1), logger: silentLogger }
  const informers = createInformerFactory(client, deps)
  const controller = resourceQuotaController({
    ...{ client, informers, ...deps, term: 1 as Term, emit: () => undefined },
    recorder: { event: () => undefined, flushed: () => Promise.resolve(), stop: () => undefined },
    config: { monitorGraceSeconds: 4, leaseRenewSeconds: 1 },
    pause: () => Promise.resolve(),
  })
  const quotas = '/api/v1/namespaces/default/resourcequotas'
  const pods = '/api/v1/namespaces/default/pods'
  const pod = (name: string) => ({
    metadata: { name },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '250m' } } }],
    },
  })
  await cluster.ask('POST', pods, pod('before'))
  const hard = { pods: '2', 'requests.cpu': '1', 'count/deployments.apps': '3' }
  const made = await cluster.ask('POST', quotas, { metadata: { name: 'q' }, spec: { hard } })
  assert.equal(made.status, 201, made.text)
  informers.start(scope)
  await informers.synced()
  const used = async () => (await cluster.ask('GET', `${quotas}/q`)).json.status
  await controller.reconcile('default/q')
  assert.deepEqual(await used(), {
    hard,
    used: { 'count/deployments.apps': '0', pods: '1', 'requests.cpu': '250m' },
  })
  assert.equal((await cluster.ask('POST', pods, pod('after'))).status, 201)
  assert.equal((await used()).used.pods, '2')
  assert.equal((await cluster.ask('POST', pods, pod('too-many'))).status, 403)
  await cluster.ask('DELETE', `${pods}/before`)
  assert.deepEqual(await controller.reconcile('default/q'), { requeueAfterMs: 30_000 })
  assert.equal((await used()).used['requests.cpu'], '250m')
  assert.equal(await controller.reconcile('default/none'), undefined)
})

test('names of quotas lead to the kinds that they count', () => {
  const names = ['limits.cpu', 'requests.storage', 'services.nodeports', 'count/jobs.batch', 'x/y']
  assert.deepEqual(
    countedKinds(names)
      .map(({ group, resource }) => `${group}/${resource}`)
      .sort(),
    ['/persistentvolumeclaims', '/pods', '/services', 'batch/jobs'],
  )
})
