import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import type { Container, ExecAction, HTTPGetAction, IntOrString } from '../../kinds/types.ts'
import { type Runtime, RuntimeError } from '../runtime/runtime.ts'
import { type CheckResult, grpcCheck } from './grpc-check.ts'

/** One look at a container from outside: what probes and hooks share. */
export interface CheckTarget {
  readonly containerId: string
  readonly container: Container
  /** Where its ports answer: the pod's address, or the node's with the host's network. */
  readonly ip: string
}

export interface Handler {
  readonly exec?: ExecAction | undefined
  readonly httpGet?: HTTPGetAction | undefined
  readonly tcpSocket?:
    | { readonly host?: string | undefined; readonly port: IntOrString }
    | undefined
  readonly grpc?: { readonly port: number; readonly service?: string | undefined } | undefined
}

const messageCharactersMax = 1024

/** Never rejects: what goes wrong is an unhealthy result, except a fault of the runtime itself. */
export async function check(
  handler: Handler,
  target: CheckTarget,
  timeoutMs: number,
  runtime: Runtime,
  clock: Clock,
): Promise<CheckResult> {
  try {
    if (handler.exec) {
      const command = handler.exec.command ?? []
      const { exitCode, output } = await runtime.execSync(target.containerId, command, timeoutMs)
      return { healthy: exitCode === 0, message: output.slice(0, messageCharactersMax).trim() }
    }
    if (handler.httpGet) return await httpCheck(handler.httpGet, target, timeoutMs, clock)
    if (handler.tcpSocket) {
      const port = portNumber(handler.tcpSocket.port, target.container)
      return await tcpCheck(handler.tcpSocket.host ?? target.ip, port, timeoutMs, clock)
    }
    if (handler.grpc)
      return await grpcCheck(target.ip, handler.grpc.port, handler.grpc.service, timeoutMs, clock)
    return { healthy: false, message: 'the handler is of a kind that this kubelet does not know' }
  } catch (error) {
    if (error instanceof RuntimeError || error instanceof PortError)
      return { healthy: false, message: error.message }
    throw error
  }
}

class PortError extends Error {
  override readonly name = 'PortError'
}

/** A port by its number, or by its name among the container's ports. */
export function portNumber(port: IntOrString, container: Container): number {
  const named = container.ports?.find((one) => one.name === String(port))?.containerPort
  const number = named ?? Number(port)
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new PortError(`container ${container.name} has no port ${port}`)
  return number
}

function httpCheck(
  action: HTTPGetAction,
  target: CheckTarget,
  timeoutMs: number,
  clock: Clock,
): Promise<CheckResult> {
  const port = portNumber(action.port, target.container)
  const host = action.host || target.ip
  const send = action.scheme === 'HTTPS' ? httpsRequest : httpRequest
  const headers = new Map([
    ['user-agent', 'kube-probe/1.36'],
    ['accept', '*/*'],
    ['connection', 'close'],
  ])
  for (const { name, value } of action.httpHeaders ?? []) headers.set(name.toLowerCase(), value)
  return new Promise((resolve) => {
    const done = (healthy: boolean, message: string) => {
      timer.cancel()
      resolve({ healthy, message })
    }
    const outgoing = send(
      {
        host,
        port,
        path: action.path || '/',
        headers: Object.fromEntries(headers),
        agent: false,
        // A probe asks whether the container answers, not who it is (as in Kubernetes).
        rejectUnauthorized: false,
      },
      (response) => {
        const code = response.statusCode ?? 0
        response.destroy()
        if (code >= 200 && code < 400) done(true, `HTTP ${code}`)
        else done(false, `HTTP probe failed with statuscode: ${code}`)
      },
    )
    const timer = clock.after(timeoutMs, () => {
      done(false, `Get "${action.scheme ?? 'HTTP'}://${host}:${port}": timed out`)
      outgoing.destroy()
    })
    outgoing.on('error', (error) => done(false, error.message))
    outgoing.end()
  })
}

function tcpCheck(
  host: string,
  port: number,
  timeoutMs: number,
  clock: Clock,
): Promise<CheckResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const done = (healthy: boolean, message: string) => {
      timer.cancel()
      socket.destroy()
      resolve({ healthy, message })
    }
    const timer = clock.after(timeoutMs, () => done(false, `dial tcp ${host}:${port}: timed out`))
    socket.once('connect', () => done(true, 'connected'))
    socket.on('error', (error) => done(false, error.message))
  })
}
