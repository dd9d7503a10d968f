import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { sentAtField, splitAddress, type Target, tlsOptions } from './api-connection.ts'
import { type LatencyFigures, latencyFigures } from './figures.ts'

/** Opens watches and measures, for every event, how long after its write was sent it came. */
export interface WatchRequest extends Target {
  readonly kind: 'watch'
  readonly watchers: number
  /** `own`: watcher i sees the object `w-<1 + i>` alone, as a kubelet its pods. `all`: everybody sees all. */
  readonly sees: 'own' | 'all'
  /** Only what comes after it is told. */
  readonly after: string
  /** Counted from when all are open. */
  readonly ms: number
}

/** Said when all watches are open. */
export interface WatchesOpen {
  readonly kind: 'watching'
}

/** As Go's clients have them (net/http: transportDefaultStreamFlow, transportDefaultConnFlow). */
const streamWindowBytes = 4 * 1024 * 1024
const sessionWindowBytes = 1024 * 1024 * 1024
/** Below what a server allows on one connection. */
const streamsPerSession = 50
const mark = Buffer.from(`"${sentAtField}":"`)
const quote = 0x22

export async function watchLag(
  request: WatchRequest,
  say: (message: WatchesOpen) => void,
): Promise<LatencyFigures> {
  const lags: number[] = []
  const sessions = openSessions(request)
  const opened = Array.from({ length: request.watchers }, (_, at) => {
    const session = sessions[Math.floor(at / streamsPerSession)] as ClientHttp2Session
    return openWatch(session, request, at, lags)
  })
  await Promise.all(opened)
  lags.length = 0
  const startMs = performance.now()
  say({ kind: 'watching' })
  await sleep(request.ms)
  for (const session of sessions) session.destroy()
  return latencyFigures(lags, performance.now() - startMs)
}

function openSessions({ addresses, pki, watchers }: WatchRequest): ClientHttp2Session[] {
  const options = tlsOptions(pki)
  return Array.from({ length: Math.ceil(watchers / streamsPerSession) }, (_, at) => {
    const { host, port } = splitAddress(addresses[at % addresses.length] ?? '')
    const session = connect(`https://${host}:${port}`, {
      ...options,
      settings: { initialWindowSize: streamWindowBytes },
    })
    session.once('connect', () => session.setLocalWindowSize(sessionWindowBytes))
    return session
  })
}

async function openWatch(
  session: ClientHttp2Session,
  { path, sees, after }: WatchRequest,
  at: number,
  lags: number[],
): Promise<void> {
  const selector = sees === 'own' ? `&fieldSelector=metadata.name%3Dw-${1 + at}` : ''
  const stream: ClientHttp2Stream = session.request({
    ':path': `${path}?watch=1&resourceVersion=${after}${selector}`,
  })
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  if (headers[':status'] !== 200) throw new Error(`a watch was refused: ${headers[':status']}`)
  let rest: Buffer | undefined
  stream.on('data', (chunk: Buffer) => {
    rest = noteLags(rest ? Buffer.concat([rest, chunk]) : chunk, lags)
  })
}

/** Returns what may be the beginning of a mark. */
function noteLags(bytes: Buffer, lags: number[]): Buffer | undefined {
  const nowMs = performance.timeOrigin + performance.now()
  let from = 0
  for (;;) {
    const found = bytes.indexOf(mark, from)
    if (found < 0) break
    const start = found + mark.length
    const end = bytes.indexOf(quote, start)
    if (end < 0) return bytes.subarray(found)
    lags.push(nowMs - Number(bytes.toString('latin1', start, end)))
    from = end
  }
  return bytes.subarray(Math.max(from, bytes.length - mark.length))
}
