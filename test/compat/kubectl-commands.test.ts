import { test } from 'node:test'
import { startTestCluster } from '../process/test-cluster.ts'
import { kubectlBinary, kubectlVersions } from './kubectl-binary.ts'
import { editor, runCommands } from './kubectl-commands.ts'
import { Kubectl } from './kubectl-flow.ts'

test('the commands of kubectl against three masters with simulated containers', async (context) => {
  if (!kubectlBinary('v32')) return context.skip('no kubectl package for this platform')
  const cluster = await startTestCluster({ runtime: 'sim' })
  try {
    for (const version of kubectlVersions)
      await context.test(`kubectl ${version}`, async (of) => {
        const kubectl = new Kubectl(version, cluster.kubeconfig, { KUBE_EDITOR: editor })
        try {
          await runCommands(of, kubectl, `with-${version}`)
        } finally {
          kubectl.remove()
        }
      })
  } finally {
    await cluster.remove()
  }
})
