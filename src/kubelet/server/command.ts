import type { Duplex, Readable, Writable } from 'node:stream'
import type { ExecStream } from '../runtime/runtime.ts'
import { written } from '../written.ts'
import { Refusal } from './refusal.ts'

/** What exec and attach say, the newest first (apimachinery pkg/util/remotecommand/constants.go). */
export const commandProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
] as const
export type CommandProtocol = (typeof commandProtocols)[number]

/** A client's streams, whatever carries them. Only those that it asked for. */
export interface CommandStreams {
  readonly stdin?: Duplex
  readonly stdout?: Duplex
  readonly stderr?: Duplex
  readonly resize?: Duplex
  /** How the command ended: one Status, or before v4 a text. */
  readonly error: Duplex
  /** Resolves when the client is gone. */
  readonly ended: Promise<void>
}

/** Past this without a whole size in it the resize stream is not understood, and ignored. */
const resizeBytesMax = 1024

/** PURE: the sizes that a text names, and what is left of it. Sizes that make no sense are left out. */
export function readSizes(text: string): {
  readonly sizes: readonly { readonly columns: number; readonly rows: number }[]
  readonly rest: string
} {
  const sizes: { columns: number; rows: number }[] = []
  const rest = text.replaceAll(/[^{}]*\{([^{}]*)\}/g, (_, fields: string) => {
    const number = (name: string) =>
      Number(new RegExp(`"${name}"\\s*:\\s*(\\d{1,5})\\b`).exec(fields)?.[1] ?? 0)
    const [columns, rows] = [number('Width'), number('Height')]
    const fits = (value: number) => value > 0 && value < 65_536
    if (fits(columns) && fits(rows)) sizes.push({ columns, rows })
    return ''
  })
  return { sizes, rest: rest.length > resizeBytesMax ? '' : rest }
}

/** How a command ended. A refusal is told in the words of an API server that a kubelet turned away. */
export type Outcome =
  | { readonly exitCode: number }
  | { readonly failure: string }
  | { readonly refusal: string }

/** PURE: how a command ended, as its client's protocol says it; undefined where it says nothing. */
export function outcomeText(protocol: CommandProtocol, outcome: Outcome): string | undefined {
  const speaksStatus = protocol === 'v5.channel.k8s.io' || protocol === 'v4.channel.k8s.io'
  if (!('exitCode' in outcome)) {
    const message =
      'refusal' in outcome
        ? `unable to upgrade connection: ${outcome.refusal}`
        : `error executing command in container: ${outcome.failure}`
    return speaksStatus ? JSON.stringify(failureStatus(message)) : message
  }
  if (speaksStatus) return JSON.stringify(exitStatus(outcome.exitCode))
  return outcome.exitCode === 0 ? undefined : exitMessage(outcome.exitCode)
}

function exitMessage(exitCode: number): string {
  return `command terminated with non-zero exit code: exit status ${exitCode}`
}

function exitStatus(exitCode: number): Record<string, unknown> {
  if (exitCode === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: exitMessage(exitCode),
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  }
}

function failureStatus(message: string): Record<string, unknown> {
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  }
}

function failureOf(error: unknown): Outcome {
  const message = error instanceof Error ? error.message : String(error)
  return error instanceof Refusal ? { refusal: message } : { failure: message }
}

/**
 * Starts a command and joins its streams with its client's until it ends or the client is gone.
 * Everything that it wrote, and how it ended, has been handed to the connection then.
 */
export async function serveCommand(
  start: () => Promise<ExecStream>,
  streams: CommandStreams,
  protocol: CommandProtocol,
): Promise<void> {
  streams.error.resume()
  const outcome = await start().then((stream) => joined(stream, streams), failureOf)
  if (!outcome) return
  const text = outcomeText(protocol, outcome)
  if (text !== undefined) await written(streams.error, Buffer.from(text))
  for (const one of [streams.stdout, streams.stderr, streams.error]) one?.end()
}

/** How the command ended; undefined when its client went away before. */
async function joined(stream: ExecStream, streams: CommandStreams): Promise<Outcome | undefined> {
  takeInput(stream, streams.stdin)
  takeSizes(stream, streams.resize)
  const gone = streams.ended.then(() => {
    stream.stdin?.end()
    stream.close()
    return undefined
  })
  const outputs = Promise.all([
    copy(stream.stdout, streams.stdout),
    copy(stream.stderr, streams.stderr),
  ])
  const ended = outputs.then(() => stream.exitCode).then((exitCode) => ({ exitCode }), failureOf)
  return Promise.race([ended, gone])
}

function takeInput(stream: ExecStream, stdin: Duplex | undefined): void {
  if (!stdin) return
  if (!stream.stdin) stdin.resume()
  else stdin.pipe(stream.stdin)
}

function takeSizes(stream: ExecStream, resize: Duplex | undefined): void {
  let text = ''
  resize?.on('data', (chunk: Buffer) => {
    const { sizes, rest } = readSizes(text + chunk.toString('utf8'))
    text = rest
    const last = sizes.at(-1)
    // A terminal of the old size is no reason to end the session.
    if (last) stream.resize(last.columns, last.rows).catch(() => {})
  })
}

/** All of `source`, at the pace of `target`; what nobody asked for is read and dropped. */
async function copy(source: Readable, target: Writable | undefined): Promise<void> {
  for await (const chunk of source as AsyncIterable<Buffer>)
    if (target) await written(target, chunk)
}
