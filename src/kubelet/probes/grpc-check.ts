import { connect } from 'node:http2'
import type { Clock } from '../../base/clock.ts'

export interface CheckResult {
  readonly healthy: boolean
  readonly message: string
}

const statusNames = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const serving = 1
const answerBytesMax = 4096

/** Asks the gRPC health service (grpc.health.v1.Health/Check) over HTTP/2 without TLS. */
export function grpcCheck(
  host: string,
  port: number,
  service: string | undefined,
  timeoutMs: number,
  clock: Clock,
): Promise<CheckResult> {
  return new Promise((resolve) => {
    const session = connect(`http://${host}:${port}`)
    const done = (healthy: boolean, message: string) => {
      timer.cancel()
      session.destroy()
      resolve({ healthy, message })
    }
    const timer = clock.after(timeoutMs, () => done(false, `grpc ${host}:${port}: timed out`))
    session.on('error', (error) => done(false, error.message))
    const call = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': 'kube-probe/1.36',
      te: 'trailers',
    })
    let answer = Buffer.alloc(0)
    let code: string | undefined
    const readCode = (headers: Readonly<Record<string, unknown>>) => {
      const found = headers['grpc-status']
      if (found !== undefined) code = String(found)
    }
    call.on('error', (error) => done(false, error.message))
    call.on('response', readCode)
    call.on('trailers', readCode)
    call.on('data', (chunk: Buffer) => {
      if (answer.length < answerBytesMax) answer = Buffer.concat([answer, chunk])
    })
    call.on('end', () => {
      if (code !== undefined && code !== '0') return done(false, `rpc failed with code ${code}`)
      const status = servingStatus(answer)
      return done(status === serving, `service is ${statusNames[status] ?? status}`)
    })
    call.end(healthRequest(service ?? ''))
  })
}

/** PURE: a message in its frame: one byte for compression, four for length; field 1 is the service. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service)
  const message =
    service === '' ? Buffer.alloc(0) : Buffer.from([0x0a, ...varint(name.length), ...name])
  const frame = Buffer.alloc(5)
  frame.writeUInt32BE(message.length, 1)
  return Buffer.concat([frame, message])
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}

/** PURE: field 1 of the answer; 0 (unknown) when it is left out. */
export function servingStatus(answer: Buffer): number {
  return answer[5] === 0x08 ? (answer[6] ?? 0) : 0
}
