import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestCluster } from '../process/test-cluster.ts'
import { kubectlBinary, kubectlVersions } from './kubectl-binary.ts'
import { Kubectl } from './kubectl-flow.ts'

/** Simulated containers know `true`, `exit 3` and `sleep`: they end as real ones would. */
test('kubectl makes, awaits, describes and repeats Jobs on simulated containers', async (context) => {
  const version = kubectlVersions.at(-1)
  if (!version || !kubectlBinary(version)) return context.skip('no kubectl for this platform')
  const cluster = await startTestCluster({ runtime: 'sim' })
  const kubectl = new Kubectl(version, cluster.kubeconfig)
  try {
    await kubectl.ok('create job good --image=any -- true')
    await kubectl.ok('wait --for=condition=complete job/good --timeout=60s')
    const described = await kubectl.until('describe job good', /Job completed/)
    assert.match(described, /Pods Statuses:\s+0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed/)
    assert.match(described, /SuccessfulCreate\s.*job-controller\s+Created pod: good-/)
    const finalizers = 'get pods -l job-name=good -o jsonpath={.items[*].metadata.finalizers}'
    assert.equal(await kubectl.ok(finalizers), '')

    const bad = {
      ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'bad' } },
      spec: {
        backoffLimit: 0,
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [{ name: 'c', image: 'any', command: ['sh', '-c', 'exit 3'] }],
          },
        },
      },
    }
    await kubectl.ok('apply -f -', JSON.stringify(bad))
    await kubectl.ok('wait --for=condition=failed job/bad --timeout=60s')
    await kubectl.until('describe job bad', /BackoffLimitExceeded/)

    const template = {
      spec: {
        restartPolicy: 'OnFailure',
        containers: [{ name: 'c', image: 'any', command: ['true'] }],
      },
    }
    const never = {
      ...{ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'never' } },
      spec: { schedule: '0 0 31 2 *', jobTemplate: { spec: { template } } },
    }
    await kubectl.ok('apply -f -', JSON.stringify(never))
    await kubectl.until('describe cronjob never', /InvalidSchedule/)
    await kubectl.ok('create job once --from=cronjob/never')
    await kubectl.ok('wait --for=condition=complete job/once --timeout=60s')

    await kubectl.ok('create job long --image=any -- sleep 1000')
    await kubectl.until('get job long -o jsonpath={.status.ready}', /^1$/)
    await kubectl.ok('delete job long --wait=true')
    await kubectl.until('get pods -l job-name=long -o name', /^$/)
  } finally {
    kubectl.remove()
    await cluster.remove()
  }
})
