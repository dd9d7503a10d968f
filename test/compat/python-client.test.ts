import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { startTestCluster } from '../process/test-cluster.ts'
import { runProgram } from './kubectl-binary.ts'

/** Debian's own interpreter, for which its package python3-kubernetes is made. */
const python = '/usr/bin/python3'
const program = resolve(import.meta.dirname, '../../../test/compat/python-client.py')

async function missing(): Promise<string | false> {
  if (!existsSync(python)) return `no ${python}`
  const { code } = await runProgram(python, ['-c', 'import kubernetes'])
  return code === 0 ? false : 'Debian package python3-kubernetes is not installed'
}

test('the Python client of Kubernetes: typed, dynamic, watches, refusals', async (context) => {
  const why = await missing()
  if (why !== false) return context.skip(why)
  const cluster = await startTestCluster({ runtime: 'sim' })
  try {
    const ran = await runProgram(python, [program, cluster.kubeconfig], { timeoutMs: 240_000 })
    assert.equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`)
    assert.match(ran.stdout, /delete a namespace\n$/)
  } finally {
    await cluster.remove()
  }
})
