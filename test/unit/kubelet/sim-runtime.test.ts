import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { systemRandom } from '../../../src/base/random.ts'
import { containerProgram, execProgram } from '../../../src/kubelet/runtime/sim/program.ts'
import { createSimRuntime } from '../../../src/kubelet/runtime/sim.ts'
import { containerConfig, runtimeContract, sandboxConfig } from '../../contract/runtime.ts'

function openSim() {
  return createSimRuntime({
    clusterId: `test-${process.pid}`,
    nodeName: 'w1',
    nodeIndex: 250,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    hasImage: (reference) => !reference.includes('missing'),
  })
}

runtimeContract('sim runtime', async () => {
  const runtime = openSim()
  return { runtime, image: 'kijabi/any:1', stop: () => runtime.close() }
})

test('a simulated server answers HTTP at its pod address until it is stopped', async () => {
  const runtime = openSim()
  const sandbox = await runtime.runSandbox(sandboxConfig())
  const config = { ...containerConfig('kijabi/web:1', []), containerPorts: [18_080] }
  const id = await runtime.createContainer(sandbox, { ...config, command: undefined })
  await runtime.startContainer(id)
  const ip = (await runtime.list()).sandboxes[0]?.ip
  const answer = await fetch(`http://${ip}:18080/`)
  assert.deepEqual([answer.status, await answer.text()], [200, 'web\n'])
  assert.equal((await fetch(`http://${ip}:18080/healthz`)).status, 200)
  await runtime.stopContainer(id, 1000)
  await assert.rejects(fetch(`http://${ip}:18080/`))
  assert.equal((await runtime.list()).containers[0]?.exitCode, 0)
  await runtime.close()
})

test('command lines of simulated containers', () => {
  const around = { env: new Map([['WHO', 'world']]), hostname: 'web' }
  const steps = (...argv: string[]) => containerProgram(argv, around).steps
  const print = (text: string) => ({ do: 'print', stream: 'stdout', text })
  assert.deepEqual(steps('nginx', '-g', 'daemon off;'), [{ do: 'serve' }])
  assert.deepEqual(steps('echo', 'a', 'b'), [print('a b\n')])
  assert.deepEqual(steps('sh', '-c', 'echo "hi $WHO; yes" && sleep 0.5; exit 4; echo no'), [
    print('hi world; yes\n'),
    { do: 'sleep', ms: 500 },
    { do: 'exit', code: 4 },
  ])
  assert.deepEqual(steps('/bin/sh', '-c', 'while true; do echo x; sleep 1; done'), [
    { do: 'loop', body: [print('x\n'), { do: 'sleep', ms: 1000 }] },
  ])
  assert.deepEqual(execProgram(['nonsense'], around).steps.at(-1), { do: 'exit', code: 127 })
})
