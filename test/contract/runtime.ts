import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  ContainerConfig,
  ContainerState,
  Runtime,
  RuntimeError,
  SandboxConfig,
} from '../../src/kubelet/runtime/runtime.ts'

/** What one runtime brings to the suite. `stop` must leave nothing behind. */
export interface RuntimeUnderTest {
  readonly runtime: Runtime
  /** Has a shell, echo, cat, sleep and env; is on the node. */
  readonly image: string
  stop(): Promise<void>
}

/** The contract of src/kubelet/runtime/runtime.ts; every implementation runs it. */
export function runtimeContract(
  name: string,
  open: () => Promise<RuntimeUnderTest>,
  skip: string | false = false,
): void {
  const contract = (behaviour: string, body: (under: RuntimeUnderTest) => Promise<void>) =>
    test(`${name}: ${behaviour}`, { skip, timeout: 60_000 }, async () => {
      const under = await open()
      try {
        await body(under)
      } finally {
        await under.stop()
      }
    })

  contract('a sandbox is listed with its pod, its address and its state', async ({ runtime }) => {
    const id = await runtime.runSandbox(sandboxConfig({ attempt: 2 }))
    const [sandbox] = (await runtime.list()).sandboxes
    assert.equal(sandbox?.id, id)
    assert.deepEqual(sandbox?.pod, pod)
    assert.equal(sandbox?.attempt, 2)
    assert.equal(sandbox?.ready, true)
    assert.match(sandbox?.ip ?? '', /^\d+\.\d+\.\d+\.\d+$/)
    await runtime.stopSandbox(id)
    assert.equal((await runtime.list()).sandboxes[0]?.ready, false)
    await runtime.removeSandbox(id)
    assert.deepEqual(await runtime.list(), { sandboxes: [], containers: [] })
    await runtime.removeSandbox(id)
  })

  contract('a container goes from created over running to exited', async ({ runtime, image }) => {
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const config = containerConfig(image, ['sh', '-c', "trap 'exit 3' TERM; sleep 1; exit 3"])
    const id = await runtime.createContainer(sandbox, { ...config, attempt: 4 })
    assert.equal((await only(runtime)).state, 'created')
    const ended = event(runtime, id, 'ended')
    await runtime.startContainer(id)
    const running = await only(runtime)
    assert.equal(running.state, 'running')
    assert.equal(running.attempt, 4)
    assert.equal(running.hash, 'hash')
    assert.equal(running.sandboxId, sandbox)
    assert.deepEqual(running.pod, pod)
    assert.ok((running.startedMs ?? 0) >= running.createdMs - 1000)
    await ended
    const exited = await only(runtime)
    assert.deepEqual([exited.state, exited.exitCode, exited.oomKilled], ['exited', 3, false])
    assert.ok((exited.finishedMs ?? 0) >= (exited.startedMs ?? Number.POSITIVE_INFINITY))
    await runtime.removeContainer(id)
    assert.deepEqual((await runtime.list()).containers, [])
    await runtime.removeContainer(id)
  })

  contract('stop ends a container, with SIGKILL past its grace', async ({ runtime, image }) => {
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const deaf = containerConfig(image, ['sh', '-c', "trap '' TERM; while true; do sleep 1; done"])
    const id = await runtime.createContainer(sandbox, deaf)
    await runtime.startContainer(id)
    await runtime.stopContainer(id, 1000)
    const exited = await only(runtime)
    assert.deepEqual([exited.state, exited.exitCode], ['exited', 137])
    await runtime.stopContainer(id, 1000)
    await runtime.stopContainer('0'.repeat(64), 1000)
  })

  contract('resources of a running container change in place', async ({ runtime, image }) => {
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const config = containerConfig(image, ['sleep', '600'])
    const MiB = 1024 ** 2
    const id = await runtime.createContainer(sandbox, {
      ...config,
      resources: { ...config.resources, cpuShares: 102, memoryBytesMax: 32 * MiB },
    })
    await runtime.startContainer(id)
    const before = await only(runtime)
    const resources = { cpuShares: 204, cpuQuotaMicros: 50_000, memoryBytesMax: 64 * MiB }
    assert.deepEqual(before.resources, {
      ...{ cpuShares: 102, cpuQuotaMicros: undefined, memoryBytesMax: 32 * MiB },
    })
    await runtime.updateResources(id, resources)
    assert.deepEqual(await only(runtime), { ...before, resources })
    await assert.rejects(runtime.updateResources('0'.repeat(64), resources), { reason: 'NotFound' })
  })

  contract('attach joins a container’s own streams until it ends', async ({ runtime, image }) => {
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const reads = { stdin: true, stdinOnce: true }
    const config = { ...containerConfig(image, ['cat']), ...reads }
    const id = await runtime.createContainer(sandbox, config)
    await assert.rejects(runtime.attach(id, { stdin: true }), { reason: 'NotRunning' })
    await runtime.startContainer(id)
    const stream = await runtime.attach(id, { stdin: true })
    const shown = text(stream.stdout)
    stream.stderr.resume()
    stream.stdin?.end('to and fro\n')
    assert.equal(await shown, 'to and fro\n')
    assert.equal(await stream.exitCode, 0)
    assert.equal((await only(runtime)).exitCode, 0)
  })

  contract('a port of a pod is reached as from within it', async ({ runtime, image }) => {
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const command = ['httpd', '-f', '-p', '127.0.0.1:8080', '-h', '/www']
    const config = { ...containerConfig(image, command), containerPorts: [8080] }
    await runtime.startContainer(await runtime.createContainer(sandbox, config))
    const ask = async () => {
      const connection = await runtime.portForward(sandbox, 8080)
      connection.end('GET / HTTP/1.0\r\n\r\n')
      return text(connection)
    }
    let answer = ''
    // The program may not listen yet: every refusal is an answer of its network.
    while (answer === '')
      answer = await ask().catch((error: unknown) => {
        assert.equal((error as RuntimeError).reason, 'Refused')
        return ''
      })
    assert.match(answer, /^HTTP\/1\.[01] 200/)
    await assert.rejects(runtime.portForward(sandbox, 1), { reason: 'Refused' })
    await assert.rejects(runtime.portForward('0'.repeat(64), 80), { reason: 'NotFound' })
  })

  contract('what a running container has used is told, that of others not', async (under) => {
    const { runtime, image } = under
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const config = containerConfig(image, ['sleep', '600'])
    const id = await runtime.createContainer(sandbox, config)
    assert.deepEqual(await runtime.usage(), [])
    await runtime.startContainer(id)
    const [usage, ...others] = await runtime.usage()
    assert.deepEqual(others, [])
    assert.deepEqual([usage?.id, usage?.name, usage?.pod], [id, config.name, pod])
    assert.ok((usage?.memoryWorkingSetBytes ?? 0) > 0)
    assert.ok((usage?.cpuNanoseconds ?? -1) >= 0)
    await runtime.stopContainer(id, 0)
    assert.deepEqual(await runtime.usage(), [])
  })

  contract('stopping the sandbox ends what runs in it', async ({ runtime, image }) => {
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const config = containerConfig(image, ['sleep', '600'])
    const id = await runtime.createContainer(sandbox, config)
    await runtime.startContainer(id)
    await runtime.stopSandbox(sandbox)
    assert.equal((await only(runtime)).state, 'exited')
    await runtime.removeSandbox(sandbox)
    assert.deepEqual((await runtime.list()).containers, [])
  })

  contract('logs: all, the last lines, with times, a few bytes', async ({ runtime, image }) => {
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const script = 'echo one; echo two; echo three'
    const id = await runtime.createContainer(sandbox, containerConfig(image, ['sh', '-c', script]))
    const ended = event(runtime, id, 'ended')
    await runtime.startContainer(id)
    await ended
    const read = async (more: object) => text(await runtime.logs(id, { ...plainLogs, ...more }))
    assert.equal(await read({}), 'one\ntwo\nthree\n')
    assert.equal(await read({ tailLines: 1 }), 'three\n')
    assert.equal(await read({ tailLines: 0 }), '')
    assert.equal(await read({ bytesMax: 5 }), 'one\nt')
    assert.equal(await read({ follow: true }), 'one\ntwo\nthree\n', 'of an ended container')
    assert.match(await read({ timestamps: true }), /^\d{4}-\d\d-\d\dT[\d:.]+Z one\n/)
    assert.equal(await read({ sinceMs: Date.now() + 60_000 }), '')
  })

  contract('following logs ends with the container', async ({ runtime, image }) => {
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const script = 'echo early; sleep 1; echo late'
    const id = await runtime.createContainer(sandbox, containerConfig(image, ['sh', '-c', script]))
    await runtime.startContainer(id)
    const stream = await runtime.logs(id, { ...plainLogs, follow: true })
    assert.equal(await text(stream), 'early\nlate\n')
  })

  contract('exec: output, exit code, input, environment', async ({ runtime, image }) => {
    const sandbox = await runtime.runSandbox(sandboxConfig())
    const config = containerConfig(image, ['sleep', '600'], new Map([['COLOUR', 'blue']]))
    const id = await runtime.createContainer(sandbox, config)
    await assert.rejects(runtime.execSync(id, ['true'], 5000), { reason: 'NotRunning' })
    await runtime.startContainer(id)
    assert.deepEqual(await runtime.execSync(id, ['sh', '-c', 'echo hi; exit 7'], 5000), {
      exitCode: 7,
      output: 'hi\n',
    })
    assert.equal((await runtime.execSync(id, ['true'], 5000)).exitCode, 0)
    assert.match((await runtime.execSync(id, ['env'], 5000)).output, /^COLOUR=blue$/m)
    assert.equal((await runtime.execSync(id, ['hostname'], 5000)).output, 'host-of-pod\n')
    await assert.rejects(runtime.execSync(id, ['sleep', '600'], 200), { reason: 'Timeout' })
    const cat = await runtime.exec(id, { command: ['cat'], stdin: true, tty: false })
    const copied = text(cat.stdout)
    cat.stderr.resume()
    cat.stdin?.end('through and back')
    assert.equal(await copied, 'through and back')
    assert.equal(await cat.exitCode, 0)
    const failing = await runtime.exec(id, {
      command: ['sh', '-c', 'echo bad >&2; exit 9'],
      stdin: false,
      tty: false,
    })
    failing.stdout.resume()
    assert.equal(await text(failing.stderr), 'bad\n')
    assert.equal(await failing.exitCode, 9)
  })

  contract('an image that is not there is told apart', async ({ runtime, image }) => {
    assert.ok(await runtime.imageId(image))
    assert.equal(await runtime.imageId('kijabi.invalid/missing:1'), undefined)
    await assert.rejects(runtime.pullImage('kijabi.invalid/missing:1'), { reason: 'PullFailed' })
    const sandbox = await runtime.runSandbox(sandboxConfig())
    await assert.rejects(
      runtime.createContainer(sandbox, containerConfig('kijabi.invalid/missing:1', ['true'])),
      { reason: 'ImageNotPresent' },
    )
  })

  contract('two pods of a node have addresses of their own', async ({ runtime }) => {
    await runtime.runSandbox(sandboxConfig())
    await runtime.runSandbox({
      ...sandboxConfig(),
      pod: { ...pod, name: 'other', uid: 'uid-2' },
    })
    const ips = (await runtime.list()).sandboxes.map((sandbox) => sandbox.ip)
    assert.equal(new Set(ips).size, 2)
  })
}

const pod = { namespace: 'default', name: 'web', uid: 'uid-1' }

export const plainLogs = {
  follow: false,
  timestamps: false,
  tailLines: undefined,
  sinceMs: undefined,
  bytesMax: undefined,
}

export function sandboxConfig(more: Partial<SandboxConfig> = {}): SandboxConfig {
  return {
    pod,
    attempt: 0,
    hostname: 'host-of-pod',
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    dns: undefined,
    extraHosts: [],
    hostPorts: [],
    sysctls: new Map(),
    ...more,
  }
}

export function containerConfig(
  image: string,
  command: readonly string[],
  env: ReadonlyMap<string, string> = new Map(),
): ContainerConfig {
  return {
    pod,
    name: 'main',
    kind: 'container',
    attempt: 0,
    hash: 'hash',
    image,
    command,
    args: undefined,
    workingDir: undefined,
    env,
    mounts: [],
    containerPorts: [],
    resources: {
      cpuShares: 2,
      cpuQuotaMicros: undefined,
      memoryBytesMax: undefined,
      oomScoreAdjustment: 1000,
    },
    security: {
      privileged: false,
      readOnlyRootFilesystem: false,
      noNewPrivileges: false,
      runAsUser: undefined,
      runAsGroup: undefined,
      supplementalGroups: [],
      capabilitiesAdd: [],
      capabilitiesDrop: [],
      seccompUnconfined: false,
    },
    tty: false,
    stdin: false,
    stdinOnce: false,
    stopSignal: undefined,
    sharePid: false,
    targetId: undefined,
    hostPid: false,
    hostIpc: false,
  }
}

async function only(runtime: Runtime): Promise<ContainerState> {
  const { containers } = await runtime.list()
  assert.equal(containers.length, 1)
  return containers[0] as ContainerState
}

function event(runtime: Runtime, id: string, type: 'started' | 'ended'): Promise<void> {
  return new Promise((resolve) => {
    const stop = runtime.subscribe((one) => {
      if (one.id !== id || one.type !== type) return
      stop()
      resolve()
    })
  })
}

export async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
