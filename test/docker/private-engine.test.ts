import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bridgeName } from '../../src/kubelet/runtime/docker/network.ts'
import { Kubectl } from '../compat/kubectl-flow.ts'
import { eventually } from '../process/eventually.ts'
import { kijabi, processesNaming, readJson } from '../process/test-cluster.ts'
import { ask, labMissing } from './pod-lab.ts'

const skip = await privateEngineMissing()

async function privateEngineMissing(): Promise<string | false> {
  if (process.getuid?.() !== 0) return 'only root may start an engine'
  const found = ['/usr/bin/dockerd', '/usr/sbin/dockerd'].some((file) => existsSync(file))
  return found ? await labMissing() : 'no dockerd here'
}

/** Rules and devices of this host. */
function hostNetwork(): string[] {
  const shell = 'iptables -w -S; iptables -w -t nat -S; ip -br link | cut -d" " -f1'
  const lines = spawnSync('sh', ['-c', shell], { encoding: 'utf8' }).stdout.split('\n')
  // What other clusters of this host have comes and goes.
  return lines.filter((line) => !/^veth|kj-|kijabi-/.test(line)).sort()
}

const web = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: web, image: "kijabi/web:1", ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`

for (const ending of ['down', 'down after a kill -9 of the engine'])
  test(`where no engine answers, root gets a private one; ${ending} leaves nothing`, {
    skip,
    timeout: 280_000,
  }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kijabi-test-'))
    const env = { DOCKER_HOST: `unix://${directory}/nothing.sock` }
    const before = hostNetwork()
    let clusterId = ''
    try {
      const flags = ['--data-dir', directory, '--api-port', '0', '--masters', '1', '--workers', '1']
      const started = await kijabi(['up', '-d', '--no-install', ...flags], { env })
      assert.equal(started.code, 0, started.stderr)
      assert.match(started.stderr, /^starting a private Docker engine$/m)
      assert.match(started.stdout, /1 workers on docker/)
      const resolved = readJson(join(directory, 'cluster.json')) as { clusterId: string }
      clusterId = resolved.clusterId
      assert.ok(existsSync(join(directory, 'docker', 'data')), 'its data lie in the data directory')
      const kubectl = new Kubectl('v35', join(directory, 'kubeconfig'))
      await kubectl.ok('apply -f -', web)
      await kubectl.ok('wait pod/web --for=condition=Ready --timeout=60s')
      const address = await kubectl.ok('get service web -o jsonpath={.spec.clusterIP}')
      await eventually('an answer', async () => (await ask(address)) === 'web' || undefined)
      kubectl.remove()
      const kept = hostNetwork()
      const lost = before.filter((line) => !kept.includes(line))
      assert.deepEqual(lost, [], 'rules of other engines stay')
      const { pid } = readJson(join(directory, 'run', 'docker.json')) as { pid: number }
      if (ending !== 'down') process.kill(pid, 'SIGKILL')
    } finally {
      const ended = await kijabi(['down', '--data-dir', directory], { env })
      assert.equal(ended.code, 0, ended.stderr)
    }
    assert.deepEqual(hostNetwork(), before)
    const all = spawnSync('sh', ['-c', 'iptables-save; ip -br link; nft list tables'])
    for (const own of [bridgeName(clusterId), clusterId])
      assert.equal(all.stdout.toString().includes(own), false, own)
    assert.deepEqual(processesNaming(directory), [])
    assert.deepEqual(readdirSync(join(directory, 'run')), [])
    assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes(directory), false)
    rmSync(directory, { recursive: true })
  })
