import { test } from 'node:test'
import { carriers, runStreams } from '../compat/kubectl-streams.ts'
import { startTestCluster } from '../process/test-cluster.ts'
import { importTestImage, testImage } from './engine.ts'
import { labMissing } from './pod-lab.ts'

test('streams of kubectl against containers of Docker', async (context) => {
  const missing = await labMissing()
  if (missing) return context.skip(missing)
  await importTestImage()
  const { kubeconfig, remove } = await startTestCluster({ runtime: 'docker' })
  try {
    for (const carrier of carriers)
      await context.test(`v35 over ${carrier}`, (inner) =>
        runStreams(inner, {
          ...{ version: 'v35', carrier, kubeconfig },
          ...{ image: testImage, realContainers: true },
        }),
      )
  } finally {
    await remove()
  }
})
