import type { Duplex } from 'node:stream'
import { PassThrough } from 'node:stream'
import type Docker from 'dockerode'
import { type Clock, delay } from '../../../base/clock.ts'
import {
  type AttachOptions,
  type ExecOptions,
  type ExecResult,
  type ExecStream,
  execOutputBytesMax,
  RuntimeError,
} from '../runtime.ts'
import { engineCall, engineError, statusCodeOf } from './error.ts'
import { demultiplex } from './frames.ts'

/** How often the exit code is asked for after the output's end, and how long. */
const exitPollMs = 10
const exitPollsMax = 300
const cannotRunExitCode = 126

/** Runs a command inside a running container. */
export async function dockerExec(
  docker: Docker,
  id: string,
  options: ExecOptions,
  clock: Clock,
): Promise<ExecStream> {
  const exec = await execCreate(docker, id, options)
  const duplex = await engineCall(
    exec.start({ hijack: true, stdin: true, Tty: options.tty }),
    'Invalid',
  )
  const streams = joined(duplex, options)
  // A stream that breaks ends like one that ends; the exit code tells what happened.
  const exitCode = streams.drained.then(() => exitCodeOf(exec, clock))
  exitCode.catch(() => {})
  return {
    ...streams,
    resize: async (columns, rows) => {
      await engineCall(exec.resize({ w: columns, h: rows }), 'Invalid')
    },
    exitCode,
  }
}

/** The streams of a container's own process. */
export async function dockerAttach(
  docker: Docker,
  id: string,
  { stdin }: AttachOptions,
): Promise<ExecStream> {
  const container = docker.getContainer(id)
  const { Config, State } = await engineCall(container.inspect(), 'NotFound')
  if (!State.Running)
    throw new RuntimeError('NotRunning', `container ${id.slice(0, 12)} is not running`)
  const input = stdin && Config.OpenStdin
  const duplex = await engineCall(
    container.attach({ stream: true, hijack: true, stdin: input, stdout: true, stderr: true }),
    'Invalid',
  )
  const streams = joined(duplex as Duplex, { stdin: input, tty: Config.Tty })
  return {
    ...streams,
    resize: async (columns, rows) => {
      await engineCall(container.resize({ w: columns, h: rows }), 'Invalid')
    },
    exitCode: streams.drained.then(() => 0),
  }
}

/** A hijacked connection as streams of its own. `drained` resolves when its output has been read. */
function joined(duplex: Duplex, options: { readonly stdin: boolean; readonly tty: boolean }) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const drained = options.tty
    ? copyTerminal(duplex, stdout, stderr)
    : demultiplex(duplex, { stdout, stderr })
  const stdin = options.stdin ? new PassThrough() : undefined
  if (stdin) {
    stdin.pipe(duplex, { end: false })
    // Only half of the connection closes: output goes on.
    stdin.once('end', () => duplex.end())
  } else duplex.end()
  duplex.on('error', () => {})
  return {
    stdin,
    stdout,
    stderr,
    drained: drained.catch(() => undefined),
    close: () => void duplex.destroy(),
  }
}

/** Runs a command to its end. Past the timeout it is left alone: the engine has no way to end it. */
export async function dockerExecSync(
  docker: Docker,
  id: string,
  command: readonly string[],
  timeoutMs: number,
  clock: Clock,
): Promise<ExecResult> {
  const late = new AbortController()
  const timer = clock.after(timeoutMs, () => late.abort())
  try {
    const running = dockerExec(docker, id, { command, stdin: false, tty: false }, clock)
    const stream = await running
    let output = ''
    const keep = (chunk: Buffer) => {
      if (output.length < execOutputBytesMax) output += chunk.toString('utf8')
    }
    stream.stdout.on('data', keep)
    stream.stderr.on('data', keep)
    const timedOut = new Promise<never>((_, reject) => {
      const fail = () => {
        stream.close()
        reject(new RuntimeError('Timeout', `command took longer than ${timeoutMs} ms`))
      }
      if (late.signal.aborted) fail()
      else late.signal.addEventListener('abort', fail, { once: true })
    })
    const exitCode = await Promise.race([stream.exitCode, timedOut])
    return { exitCode, output }
  } catch (error) {
    if (error instanceof RuntimeError && error.reason === 'Invalid')
      return { exitCode: cannotRunExitCode, output: error.message }
    throw error
  } finally {
    timer.cancel()
  }
}

async function execCreate(docker: Docker, id: string, options: ExecOptions): Promise<Docker.Exec> {
  try {
    return await docker.getContainer(id).exec({
      Cmd: [...options.command],
      AttachStdin: options.stdin,
      AttachStdout: true,
      AttachStderr: true,
      Tty: options.tty,
    })
  } catch (error) {
    if (statusCodeOf(error) === 409)
      throw new RuntimeError('NotRunning', `container ${id.slice(0, 12)} is not running`)
    throw engineError(error, 'Invalid')
  }
}

async function copyTerminal(
  duplex: Duplex,
  stdout: PassThrough,
  stderr: PassThrough,
): Promise<void> {
  stderr.end()
  try {
    for await (const chunk of duplex as AsyncIterable<Buffer>) stdout.write(chunk)
  } finally {
    stdout.end()
  }
}

async function exitCodeOf(exec: Docker.Exec, clock: Clock): Promise<number> {
  for (let polls = 0; polls < exitPollsMax; polls += 1) {
    const { Running, ExitCode } = await engineCall(exec.inspect(), 'Unavailable')
    if (!Running && ExitCode !== null) return ExitCode
    await delay(clock, exitPollMs)
  }
  throw new RuntimeError('Timeout', 'the command closed its output and goes on')
}
