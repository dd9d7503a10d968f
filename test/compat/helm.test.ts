import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTestCluster } from '../process/test-cluster.ts'
import { writeChart } from './helm-chart.ts'
import { helmBinary, kubectlVersions, runProgram } from './kubectl-binary.ts'

test('Helm installs, upgrades, rolls back and uninstalls a chart', async (context) => {
  if (!helmBinary('v35')) return context.skip('no Helm package for this platform')
  const cluster = await startTestCluster({ runtime: 'sim', masters: 3, workers: 1 })
  const home = mkdtempSync(join(tmpdir(), 'kijabi-helm-'))
  try {
    const chart = writeChart(mkdtempSync(join(home, 'chart-')))
    for (const version of kubectlVersions)
      await context.test(version === 'v32' ? 'Helm 3' : 'Helm 4', async () => {
        const release = `shop-${version}`
        const helm = async (line: string) => {
          const ran = await runProgram(
            helmBinary(version) ?? '',
            [...line.split(' '), '--namespace', release],
            { env: { HOME: home, KUBECONFIG: cluster.kubeconfig }, timeoutMs: 90_000 },
          )
          assert.equal(ran.code, 0, `helm ${line}\n${ran.stdout}\n${ran.stderr}`)
          return ran.stdout
        }
        await helm(`install ${release} ${chart} --create-namespace --wait --timeout 60s`)
        await helm(`upgrade ${release} ${chart} --set replicas=2 --wait --timeout 60s`)
        assert.match(await helm(`history ${release}`), /1 .*superseded[\s\S]*2 .*deployed/)
        await helm(`rollback ${release} 1 --wait --timeout 60s`)
        assert.match(await helm(`status ${release}`), /STATUS: deployed\nREVISION: 3/)
        await helm(`uninstall ${release} --wait --timeout 60s`)
        assert.doesNotMatch(await helm('list'), /shop/)
      })
  } finally {
    rmSync(home, { recursive: true, force: true })
    await cluster.remove()
  }
})
