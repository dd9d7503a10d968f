import { spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import type Docker from 'dockerode'
import { dialPort } from '../dial-port.ts'
import { RuntimeError } from '../runtime.ts'
import { engineCall } from './error.ts'

/**
 * A connection to a port of a pod. By the pod's address first, which costs nothing; where only a process
 * on the pod's own 127.0.0.1 listens, from within its network namespace, which takes root on the
 * engine's host.
 */
export async function dockerPortForward(
  docker: Docker,
  sandboxId: string,
  port: number,
): Promise<Duplex> {
  const { State, NetworkSettings, HostConfig } = await engineCall(
    docker.getContainer(sandboxId).inspect(),
    'NotFound',
  )
  if (!State.Running) throw new RuntimeError('NotRunning', 'the pod has no running sandbox')
  if (HostConfig.NetworkMode === 'host') return dialPort('127.0.0.1', port)
  const networks = Object.values(NetworkSettings.Networks)
  const ip = networks.map((network) => network.IPAddress).find((one) => one !== '')
  try {
    if (ip !== undefined) return await dialPort(ip, port)
  } catch (error) {
    if (!(error instanceof RuntimeError && error.reason === 'Refused')) throw error
  }
  return dialWithin(State.Pid, port)
}

/** The first byte that the connector writes: connected. Without it its errors are what it says. */
const connectedByte = 1

/** Joins a port of 127.0.0.1 with the standard streams; runs in the pod's network namespace. */
const connector = `
const socket = require('node:net').connect({
  host: '127.0.0.1', port: Number(process.argv[1]), allowHalfOpen: true, noDelay: true,
})
socket.once('error', (error) => { console.error(error.message); process.exit(1) })
socket.once('connect', () => {
  process.stdout.write(Buffer.of(${connectedByte}))
  process.stdin.pipe(socket)
  socket.pipe(process.stdout)
})
`

async function dialWithin(pid: number, port: number): Promise<Duplex> {
  const parameters = ['--net', '--target', String(pid), '--', process.execPath]
  const child = spawn('nsenter', [...parameters, '-e', connector, String(port)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 1024) said += chunk.toString('utf8')
  })
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    const failed = (why: string) =>
      reject(
        new RuntimeError(
          'Refused',
          `failed to connect to localhost:${port} inside the pod: ${why}`,
        ),
      )
    child.once('error', (error) => failed(error.message))
    child.once('close', () => failed(said.trim() || 'the connector ended'))
    child.stdout.once('readable', () => {
      const first = child.stdout.read(1) as Buffer | null
      if (first?.[0] === connectedByte) resolve()
    })
  })
  const connection = Duplex.from({ readable: child.stdout, writable: child.stdin })
  connection.once('close', () => child.kill('SIGKILL'))
  return connection
}
