import { test } from 'node:test'
import { killLeader, startTestCluster, statusWhen } from '../process/test-cluster.ts'
import { kubectlBinary } from './kubectl-binary.ts'
import { runFlow } from './kubectl-flow.ts'

test('kubectl while the leader is killed between the commands', async (context) => {
  if (!kubectlBinary('v35')) return context.skip('no kubectl package for this platform')
  const cluster = await startTestCluster({ runtime: 'sim' })
  try {
    const { kubeconfig } = cluster
    const between = async () => {
      await statusWhen(cluster, 'all masters healthy', (status) =>
        status.members.every((one) => one.healthy && one.lag < 1000),
      )
      await killLeader(cluster)
    }
    await runFlow(context, { version: 'v35', kubeconfig, toolImage: 'any', between }, false)
  } finally {
    await cluster.remove()
  }
})
