import { test } from 'node:test'
import { startTestCluster } from '../process/test-cluster.ts'
import { kubectlBinary, kubectlVersions } from './kubectl-binary.ts'
import { runFlow } from './kubectl-flow.ts'

for (const version of kubectlVersions)
  test(`kubectl ${version} against three masters with simulated containers`, async (context) => {
    if (!kubectlBinary(version)) return context.skip('no kubectl package for this platform')
    const cluster = await startTestCluster({ runtime: 'sim' })
    try {
      const { kubeconfig } = cluster
      await runFlow(context, { version, kubeconfig, toolImage: 'any' }, false)
    } finally {
      await cluster.remove()
    }
  })
