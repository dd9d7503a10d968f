import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { configMaps, events, pods, secrets } from '../../src/client/resources.ts'
import type { Container, Pod } from '../../src/kinds/types.ts'
import { isReady } from '../../src/kubelet/status.ts'
import { eventually } from '../process/eventually.ts'
import { testImage } from './engine.ts'
import {
  ask,
  execOnTerminal,
  firstStatus,
  labMissing,
  PodLab,
  restartsOf,
  server,
  shell,
  staying,
} from './pod-lab.ts'

const skip = await labMissing()
const ready = (pod: Pod) => isReady(pod.status)
const phase = (wanted: string) => (pod: Pod) => pod.status?.phase === wanted
const waitingFor = (reason: string) => (pod: Pod) =>
  firstStatus(pod)?.state?.waiting?.reason === reason
const endedOf = (pod: Pod) => firstStatus(pod)?.state?.terminated

/** What pods do between their creation and their end, seen through the API of a running cluster. */
describe('pods of a cluster on Docker', { skip, concurrency: 6, timeout: 480_000 }, () => {
  let lab: PodLab
  const hostDirectory = mkdtempSync(join(tmpdir(), 'kijabi-hostpath-'))
  before(async () => {
    lab = await PodLab.start({ runtime: 'docker', masters: 1, workers: 2 })
    const metadata = { name: 'settings' }
    await configMaps(lab.client).create('default', {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata },
      data: { greeting: 'hello', colour: 'blue' },
    })
    await secrets(lab.client).create('default', {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata },
      data: { password: Buffer.from('hush').toString('base64') },
    })
  })
  after(async () => {
    await lab?.remove()
    rmSync(hostDirectory, { recursive: true, force: true })
  })

  const reasonsOf = async (name: string) => {
    const { items } = await events(lab.client).list({
      namespace: 'default',
      fieldSelector: `involvedObject.name=${name}`,
    })
    return items.map((one) => one.reason ?? '')
  }

  test('a crashing container restarts at once, then waits 10 seconds, then longer', async () => {
    await lab.create('crash', { containers: [shell('echo run; exit 3')] })
    const waiting = await lab.until('crash', 'the first wait', waitingFor('CrashLoopBackOff'))
    assert.equal(restartsOf(waiting), 1)
    assert.match(firstStatus(waiting)?.state?.waiting?.message ?? '', /back-off 10s restarting/)
    const again = await lab.until(
      'crash',
      'the second wait',
      (pod) => restartsOf(pod) === 2 && waitingFor('CrashLoopBackOff')(pod),
    )
    const last = firstStatus(again)?.lastState?.terminated
    const before = firstStatus(waiting)?.lastState?.terminated
    assert.deepEqual([last?.exitCode, last?.reason], [3, 'Error'])
    const pauseMs = Date.parse(last?.startedAt ?? '') - Date.parse(before?.finishedAt ?? '')
    assert.ok(pauseMs >= 9_000 && pauseMs < 30_000, `restarted after ${pauseMs} ms`)
    assert.match(firstStatus(again)?.state?.waiting?.message ?? '', /back-off 20s restarting/)
    assert.equal(await lab.logs('crash --previous'), 'run\n')
    await eventually(
      'its event',
      async () => (await reasonsOf('crash')).includes('BackOff') || undefined,
    )
    await pods(lab.client).delete('default', 'crash')
  })

  const sick: readonly [name: string, script: string, probe: Container['livenessProbe']][] = [
    ['exec', `touch /tmp/sick; ${staying}`, { exec: { command: ['sh', '-c', '! ls /tmp/sick'] } }],
    ['http', `httpd -p 80 -h /www; ${staying}`, { httpGet: { port: 80, path: '/none' } }],
    ['tcp', staying, { tcpSocket: { port: 81 } }],
  ]
  for (const [name, script, probe] of sick)
    test(`liveness by ${name} kills and restarts`, async () => {
      const livenessProbe = { ...probe, periodSeconds: 1, failureThreshold: 2 }
      await lab.create(`live-${name}`, { containers: [shell(script, { livenessProbe })] })
      await lab.until(`live-${name}`, 'a restart', (pod) => restartsOf(pod) > 0)
      await eventually('its events', async () => {
        const reasons = await reasonsOf(`live-${name}`)
        return (reasons.includes('Unhealthy') && reasons.includes('Killing')) || undefined
      })
      await pods(lab.client).delete('default', `live-${name}`)
    })

  test('readiness takes an endpoint away and brings it back', async () => {
    const { spec } = await lab.service('turns')
    const readinessProbe = { exec: { command: ['ls', '/tmp/up'] }, periodSeconds: 1 }
    const failing = { readinessProbe: { ...readinessProbe, failureThreshold: 1 } }
    await lab.create('turns', { containers: [server(failing)] }, { app: 'turns' })
    await lab.until('turns', 'running', phase('Running'))
    const address = spec?.clusterIP ?? ''
    await eventually('a refusal', async () => (await ask(address)) === 'ECONNREFUSED' || undefined)
    await lab.exec('turns', 'touch /tmp/up')
    await lab.until('turns', 'Ready', ready)
    await eventually('an answer', async () => (await ask(address)) === 'turns' || undefined)
    await lab.exec('turns', 'rm /tmp/up')
    await lab.until('turns', 'not Ready', (pod) => !ready(pod))
    await eventually('a refusal', async () => (await ask(address)) === 'ECONNREFUSED' || undefined)
    assert.equal(restartsOf(await lab.pod('turns')), 0)
  })

  test('a startup probe holds liveness back, and kills what never starts', async () => {
    // A busy engine may take more than a second to run a command: that is no failure here.
    const probe = { exec: { command: ['ls', '/tmp/up'] }, periodSeconds: 1, timeoutSeconds: 30 }
    const slow = {
      startupProbe: { ...probe, failureThreshold: 60 },
      livenessProbe: { ...probe, failureThreshold: 1 },
    }
    await lab.create('slow', { containers: [shell(`sleep 3; touch /tmp/up; ${staying}`, slow)] })
    const never = { startupProbe: { ...probe, failureThreshold: 2 } }
    await lab.create('never-up', { containers: [shell(staying, never)] })
    const started = await lab.until('slow', 'Ready', ready)
    assert.equal(restartsOf(started), 0)
    const killed = await lab.until('never-up', 'a restart', (pod) => restartsOf(pod) > 0)
    assert.equal(firstStatus(killed)?.started, false)
    await pods(lab.client).delete('default', 'never-up')
  })

  test('environment from everywhere, references in it, in command and in args', async () => {
    const from = (valueFrom: object) => ({ valueFrom })
    const main: Container = {
      name: 'main',
      image: testImage,
      command: ['sh', '-c', 'env; echo "$@"', '$(GREETING)'],
      args: ['$(GREETING)', '$(ABSENT)', '$$(GREETING)'],
      resources: { requests: { memory: '16Mi' }, limits: { cpu: '500m', memory: '32Mi' } },
      envFrom: [
        { prefix: 'CM_', configMapRef: { name: 'settings' } },
        { secretRef: { name: 'settings' } },
      ],
      env: [
        { name: 'GREETING', ...from({ configMapKeyRef: { name: 'settings', key: 'greeting' } }) },
        { name: 'TWICE', value: '$(GREETING)-$(GREETING)' },
        { name: 'PW', ...from({ secretKeyRef: { name: 'settings', key: 'password' } }) },
        { name: 'POD', ...from({ fieldRef: { fieldPath: 'metadata.name' } }) },
        { name: 'TIER', ...from({ fieldRef: { fieldPath: "metadata.labels['tier']" } }) },
        { name: 'IP', ...from({ fieldRef: { fieldPath: 'status.podIP' } }) },
        { name: 'NODE', ...from({ fieldRef: { fieldPath: 'spec.nodeName' } }) },
        { name: 'CPU', ...from({ resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } }) },
        { name: 'MEM', ...from({ resourceFieldRef: { resource: 'requests.memory' } }) },
        { name: 'NO', ...from({ configMapKeyRef: { name: 'no', key: 'x', optional: true } }) },
      ],
    }
    await lab.create('env', { restartPolicy: 'Never', containers: [main] }, { tier: 'front' })
    const pod = await lab.until('env', 'its end', phase('Succeeded'))
    const lines = (await lab.logs('env')).split('\n')
    for (const line of [
      ...['CM_greeting=hello', 'CM_colour=blue', 'password=hush', 'PW=hush', 'POD=env'],
      ...['TWICE=hello-hello', 'TIER=front', `IP=${pod.status?.podIP}`, 'CPU=500'],
      ...[`NODE=${pod.spec?.nodeName}`, `MEM=${16 * 1024 ** 2}`, 'hello $(ABSENT) $(GREETING)'],
    ])
      assert.ok(lines.includes(line), `${line} in ${lines.join(' | ')}`)
    assert.equal(
      lines.some((line) => line.startsWith('NO=')),
      false,
    )
  })

  test('a missing key holds the container until it is there', async () => {
    const env = [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'late', key: 'x' } } }]
    await lab.create('held', {
      restartPolicy: 'Never',
      containers: [shell('echo $X', { env })],
    })
    await lab.until('held', 'its reason', waitingFor('CreateContainerConfigError'))
    await configMaps(lab.client).create('default', {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' }, data: { x: 'here' } },
    })
    await lab.until('held', 'its end', phase('Succeeded'))
    assert.equal(await lab.logs('held'), 'here\n')
  })

  test('volumes: shared, of the host, with items and modes, and kept up to date', async () => {
    await configMaps(lab.client).create('default', {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'live' } },
      data: { file: 'old' },
    })
    const mount = (name: string, readOnly = false) => ({ name, mountPath: `/${name}`, readOnly })
    await lab.create('volumes', {
      initContainers: [
        shell('echo one >> /scratch/order', { name: 'one', volumeMounts: [mount('scratch')] }),
        shell('echo two >> /scratch/order', { name: 'two', volumeMounts: [mount('scratch')] }),
      ],
      containers: [
        shell(`echo shared > /scratch/file; echo out > /host/out; ${staying}`, {
          volumeMounts: [mount('scratch'), mount('host'), mount('memory')],
        }),
        shell(staying, {
          name: 'reader',
          volumeMounts: [
            ...[mount('scratch', true), mount('cm'), mount('secret'), mount('live')],
            mount('memory', true),
          ],
        }),
      ],
      volumes: [
        { name: 'scratch', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'host', hostPath: { path: join(hostDirectory, 'new'), type: 'DirectoryOrCreate' } },
        {
          name: 'cm',
          configMap: {
            name: 'settings',
            defaultMode: 0o640,
            items: [
              { key: 'greeting', path: 'sub/g.txt', mode: 0o400 },
              { key: 'colour', path: 'c.txt' },
            ],
          },
        },
        { name: 'secret', secret: { secretName: 'settings', defaultMode: 0o400 } },
        { name: 'live', configMap: { name: 'live' } },
      ],
    })
    await lab.until('volumes', 'Ready', ready)
    // Nothing probes it: Ready says that its program is started.
    const written = join(hostDirectory, 'new', 'out')
    await eventually('what it writes', () => existsSync(written) || undefined)
    const read = async (script: string) =>
      (await lab.kubectl.ok(`exec volumes -c reader -- sh -c '${script}'`)).trim()
    assert.equal(await read('cat /scratch/order /scratch/file'), 'one\ntwo\nshared')
    assert.equal(readFileSync(written, 'utf8'), 'out\n')
    const modes = 'stat -L -c %a:%s /cm/sub/g.txt /cm/c.txt /secret/password'
    assert.equal(await read(modes), '400:5\n640:4\n400:4')
    assert.match(await read('grep " /memory " /proc/mounts'), /^tmpfs .*size=1024k/)
    await lab.kubectl.ok(`exec volumes -c main -- sh -c 'echo light > /memory/file'`)
    assert.equal(await read('cat /memory/file'), 'light')
    for (const place of ['/scratch', '/cm'])
      assert.match(
        (await lab.run(`exec volumes -c reader -- touch ${place}/x`)).stderr,
        /Read-only/,
      )
    await configMaps(lab.client).patch('default', 'live', 'application/merge-patch+json', {
      data: { file: 'new' },
    })
    await eventually(
      'the new text',
      async () => (await read('cat /live/file')) === 'new' || undefined,
    )
  })

  test('limits stand in the cgroup; past the memory limit a container is OOMKilled', async () => {
    const limits = { cpu: '200m', memory: '24Mi' }
    await lab.create('limited', { containers: [shell(staying, { resources: { limits } })] })
    const pod = await lab.until('limited', 'Ready', ready)
    const id = firstStatus(pod)?.containerID?.replace('docker://', '') ?? ''
    assert.deepEqual(cgroupLimits(id), { memoryBytes: 24 * 1024 ** 2, quotaMicros: 20_000 })
    assert.equal(pod.status?.qosClass, 'Guaranteed')
    const eating = 'a=xxxxxxxxxxxxxxxx; while true; do a=$a$a; done'
    await lab.create('eats', {
      restartPolicy: 'Never',
      containers: [shell(eating, { resources: { limits: { memory: '16Mi' } } })],
    })
    const killed = await lab.until('eats', 'its end', phase('Failed'))
    assert.deepEqual([endedOf(killed)?.exitCode, endedOf(killed)?.reason], [137, 'OOMKilled'])
  })

  test('a grace period given with the deletion counts; a forced one waits for nothing', async () => {
    const deaf = [shell("trap '' TERM; while true; do sleep 1; done")]
    for (const name of ['deaf', 'deafer'])
      await lab.create(name, { terminationGracePeriodSeconds: 300, containers: deaf })
    await lab.until('deaf', 'Ready', ready)
    await lab.until('deafer', 'Ready', ready)
    const startedMs = Date.now()
    await lab.kubectl.ok('delete pod deaf --grace-period=2 --timeout=60s')
    assert.ok(Date.now() - startedMs >= 1_900, 'not before its grace')
    await lab.kubectl.ok('delete pod deafer --grace-period=0 --force')
    await eventually('the end of its container', async () => {
      const { stdout } = await lab.dockerPods('deafer')
      return stdout === '' || undefined
    })
  })

  test('restart policies Never and OnFailure, and init containers that fail', async () => {
    const init = [shell('exit 9', { name: 'first' })]
    const once = 'ls /s/seen && exit 0; touch /s/seen; exit 1'
    const mounted = { volumeMounts: [{ name: 's', mountPath: '/s' }] }
    await Promise.all([
      lab.create('never', { restartPolicy: 'Never', containers: [shell('exit 5')] }),
      lab.create('on-failure', {
        restartPolicy: 'OnFailure',
        containers: [shell(once, mounted), shell('exit 0', { name: 'quick' })],
        volumes: [{ name: 's', emptyDir: {} }],
      }),
      lab.create('bad-init', {
        restartPolicy: 'Never',
        initContainers: init,
        containers: [shell('exit 0')],
      }),
      lab.create('again', { initContainers: init, containers: [shell('exit 0')] }),
      lab.create('absent', { restartPolicy: 'Never', containers: [command('/absent')] }),
    ])
    const never = await lab.until('never', 'its end', phase('Failed'))
    assert.deepEqual([endedOf(never)?.exitCode, restartsOf(never)], [5, 0])
    const retried = await lab.until('on-failure', 'its end', phase('Succeeded'))
    assert.deepEqual(
      retried.status?.containerStatuses?.map((one) => one.restartCount).sort(),
      [0, 1],
    )
    await lab.until('bad-init', 'its end', phase('Failed'))
    assert.match(await lab.kubectl.ok('get pod bad-init'), /0\/1\s+Init:Error/)
    await lab.until('again', 'a retry', (pod) => {
      return (pod.status?.initContainerStatuses?.[0]?.restartCount ?? 0) > 0
    })
    const absent = await lab.until('absent', 'its end', phase('Failed'))
    assert.match(endedOf(absent)?.message ?? '', /\/absent/)
    await pods(lab.client).delete('default', 'again')
  })

  test('an image that cannot be had is told by its pull policy', async () => {
    const of = (image: string, imagePullPolicy?: string) => ({
      containers: [{ name: 'main', image, ...(imagePullPolicy ? { imagePullPolicy } : {}) }],
    })
    await Promise.all([
      lab.create('pull-never', of('kijabi/none:1', 'Never')),
      lab.create('pull-bad', of('127.0.0.1:1/none:1')),
      lab.create('pull-name', of('Not A Name')),
    ])
    await lab.until('pull-never', 'its reason', waitingFor('ErrImageNeverPull'))
    await lab.until('pull-bad', 'its reason', waitingFor('ImagePullBackOff'))
    await lab.until('pull-name', 'its reason', waitingFor('InvalidImageName'))
    const log = await lab.run('logs pull-never')
    assert.match(log.stderr, /"main" in pod "pull-never" is waiting to start: ErrImageNeverPull/)
    const exec = await lab.run('exec pull-never -- ls')
    const refused =
      'error: Internal error occurred: unable to upgrade connection: container not found ("main")'
    assert.equal(exec.stderr.trim(), refused)
    await lab.kubectl.ok('delete pod pull-never pull-bad pull-name --now')
  })

  test('host network, and a port of the host', async () => {
    const hostPort = 20_000 + (process.pid % 10_000)
    await lab.create('on-host', { hostNetwork: true, containers: [server({}, hostPort)] })
    const ports = [{ containerPort: 8080, hostPort: hostPort + 1 }]
    await lab.create('host-port', { containers: [server({ ports })] })
    const onHost = await lab.until('on-host', 'Ready', ready)
    assert.equal(onHost.status?.podIP, onHost.status?.hostIP)
    await lab.until('host-port', 'Ready', ready)
    assert.equal(await ask('127.0.0.1', hostPort + 1), 'host-port')
    assert.notEqual(await ask('127.0.0.1', hostPort), 'ECONNREFUSED')
  })

  test('logs: followed, the last, since a time, with times; exec: input, exit code, sizes', async () => {
    const counting = 'i=0; while true; do i=$((i+1)); echo line $i; sleep 1; done'
    await lab.create('talks', { containers: [shell(counting), shell(staying, { name: 'mute' })] })
    await lab.until('talks', 'Ready', ready)
    const follow = lab.kubectl.follow('logs -f talks -c main')
    await follow.until(/line 1\n[\s\S]*line 3\n/)
    await follow.stop()
    assert.match(await lab.logs('talks -c main --tail=1'), /^line \d+\n$/)
    assert.match(await lab.logs('talks -c main --tail=1 --timestamps'), /^\d{4}-\S+Z line \d+\n$/)
    await eventually('a window that moves', async () => {
      const lines = (await lab.logs('talks -c main --since=2s')).trim().split('\n')
      return (lines.length <= 3 && !lines.includes('line 1')) || undefined
    })
    assert.match((await lab.run('logs talks')).stderr, /Defaulted container "main"/)
    assert.equal(await lab.kubectl.ok('exec -i talks -c main -- cat', 'through'), 'through')
    const failed = await lab.run(`exec talks -c main -- sh -c 'echo bad >&2; exit 42'`)
    assert.deepEqual([failed.code, failed.stderr.startsWith('bad\n')], [42, true])
    assert.equal((await lab.run('exec talks -c main -- /absent')).code, 126)
    await lab.create('terminal', { containers: [shell(staying)] })
    await lab.until('terminal', 'Ready', ready)
    assert.match(await execOnTerminal(lab, 'terminal'), /33 91[\s\S]*50 132/)
  })
})

const command = (...words: string[]): Container => ({
  ...{ name: 'main', image: testImage, command: words },
})

/** cgroup v1 or v2, seen from the host: Docker keeps a container's group under its id. */
function cgroupLimits(id: string): { memoryBytes: number; quotaMicros: number } {
  const read = (file: string) => readFileSync(file, 'utf8').trim()
  const two = `/sys/fs/cgroup/docker/${id}`
  if (existsSync(`${two}/memory.max`))
    return {
      memoryBytes: Number(read(`${two}/memory.max`)),
      quotaMicros: Number(read(`${two}/cpu.max`).split(' ')[0]),
    }
  const one = (controller: string) => `/sys/fs/cgroup/${controller}/docker/${id}`
  return {
    memoryBytes: Number(read(`${one('memory')}/memory.limit_in_bytes`)),
    quotaMicros: Number(read(`${one('cpu')}/cpu.cfs_quota_us`)),
  }
}
