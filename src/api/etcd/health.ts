import { status as codes } from '@grpc/grpc-js'
import type { EtcdContext } from './context.ts'
import { EtcdError } from './errors.ts'
import type { Rpc } from './rpc.ts'
import { healthService } from './wire/services.ts'

const serving = 1
const notServing = 2

/** gRPC's health service: this member serves while it knows a leader. Only the server as a whole has a name. */
export function serveHealth(rpc: Rpc, { store }: EtcdContext): void {
  const now = () => ({ status: store.leadership.leader === 0 ? notServing : serving })
  const demandKnown = (service: string) => {
    if (service !== '') throw new EtcdError(codes.NOT_FOUND, 'unknown service')
  }
  rpc.unary(healthService.check, ({ service }) => {
    demandKnown(service)
    return now()
  })
  rpc.answers(healthService.watch, ({ service }, answers) => {
    demandKnown(service)
    let told = 0
    const stop = store.onLeadership(() => {
      const { status } = now()
      if (status === told) return
      told = status
      answers.send({ status })
    })
    answers.signal.addEventListener('abort', stop)
  })
}
