import type { Readable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { ExecStream } from '../runtime/runtime.ts'

/** Sub-protocols, the better one first (apimachinery pkg/util/remotecommand/constants.go). */
export const execProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const
export type ExecProtocol = (typeof execProtocols)[number]

/** The first byte of every message. */
export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const

/** The client's message in its parts; undefined for one that says nothing to us. */
export type ExecMessage =
  | { readonly kind: 'stdin'; readonly bytes: Buffer }
  | { readonly kind: 'endOfStdin' }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }

/** PURE: reads one message. A close of a channel exists since v5. */
export function readExecMessage(message: Buffer, protocol: ExecProtocol): ExecMessage | undefined {
  const rest = message.subarray(1)
  switch (message[0]) {
    case channels.stdin:
      return { kind: 'stdin', bytes: rest }
    case channels.resize:
      return readResize(rest)
    case channels.close:
      return protocol === 'v5.channel.k8s.io' && rest[0] === channels.stdin
        ? { kind: 'endOfStdin' }
        : undefined
    default:
      return undefined
  }
}

function readResize(bytes: Buffer): ExecMessage | undefined {
  try {
    const size = JSON.parse(bytes.toString('utf8')) as { Width?: unknown; Height?: unknown } | null
    const [columns, rows] = [Number(size?.Width), Number(size?.Height)]
    const fits = (value: number) => Number.isInteger(value) && value > 0 && value < 65_536
    return fits(columns) && fits(rows) ? { kind: 'resize', columns, rows } : undefined
  } catch {
    return undefined
  }
}

/** PURE: what the error channel says at the end, as a Status (v4 and later). */
export function exitStatus(exitCode: number): Record<string, unknown> {
  if (exitCode === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  }
}

/** PURE: the same for a command whose end is not known. */
export function failureStatus(message: string): Record<string, unknown> {
  return { metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 }
}

/** Unsent bytes past which a command's output waits. */
const unsentBytesMax = 1024 * 1024

/**
 * Carries a command's streams over a WebSocket until the command ends or the client hangs up. Resolves
 * when both are closed.
 */
export async function serveExec(
  socket: WebSocket,
  stream: ExecStream,
  protocol: ExecProtocol,
): Promise<void> {
  const send = (channel: number, bytes: Uint8Array) =>
    new Promise<void>((resolve) => {
      if (socket.readyState !== socket.OPEN) return resolve()
      const sent = () => resolve()
      socket.send(Buffer.concat([Buffer.of(channel), bytes]), { binary: true }, sent)
      // Below the limit the command need not wait for the wire.
      if (socket.bufferedAmount < unsentBytesMax) resolve()
    })
  const copy = async (channel: number, source: Readable) => {
    for await (const chunk of source as AsyncIterable<Buffer>) await send(channel, chunk)
  }
  socket.on('message', (data: RawData) => {
    const message = readExecMessage(bufferOf(data), protocol)
    if (message?.kind === 'stdin') takeInput(socket, stream, message.bytes)
    else if (message?.kind === 'endOfStdin') stream.stdin?.end()
    // A terminal of the old size is no reason to end the session.
    else if (message) stream.resize(message.columns, message.rows).catch(() => {})
  })
  const hungUp = new Promise<void>((resolve) => {
    socket.once('close', () => {
      stream.stdin?.end()
      stream.close()
      resolve()
    })
  })
  socket.on('error', () => socket.terminate())
  const outputs = Promise.all([
    copy(channels.stdout, stream.stdout),
    copy(channels.stderr, stream.stderr),
  ])
  const status = await Promise.race([
    outputs
      .then(() => stream.exitCode)
      .then(exitStatus, (error: unknown) => failureStatus(String(error))),
    hungUp,
  ])
  if (!status) return
  await send(channels.error, Buffer.from(JSON.stringify(status)))
  socket.close(1000)
  await hungUp
}

/** A command that reads slowly makes its client wait. */
function takeInput(socket: WebSocket, stream: ExecStream, bytes: Buffer): void {
  const { stdin } = stream
  if (!stdin || stdin.writableEnded || stdin.write(bytes)) return
  socket.pause()
  stdin.once('drain', () => socket.resume())
}

function bufferOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data)
  return Buffer.isBuffer(data) ? data : Buffer.from(data)
}
