import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Upstream } from './answer.ts'

/** Asks the name servers of this host, one after the other, in the way that the client asked us. */
export function createUpstream(servers: readonly string[], clock: Clock): Upstream {
  return async (query, by) => {
    for (const server of servers) {
      const answer = await (by === 'udp' ? askByUdp : askByTcp)(server, query, clock)
      if (answer && answer.readUInt16BE(0) === query.readUInt16BE(0)) return answer
    }
    return undefined
  }
}

const port = 53
/** Of an answer, or of a query: the identifier and what else stands at the head of a message. */
export const messageBytesMin = 12

/** A socket for each query: its port is as hard to guess as the kernel makes it. */
function askByUdp(server: string, query: Buffer, clock: Clock): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4')
    const end = (answer: Buffer | undefined) => {
      timer.cancel()
      socket.close()
      resolve(answer)
    }
    const timer = clock.after(limits.dnsUpstreamMsMax, () => end(undefined))
    socket.once('error', () => end(undefined))
    socket.once('message', (bytes) => end(bytes.length < messageBytesMin ? undefined : bytes))
    socket.connect(port, server, () => socket.send(query))
  })
}

function askByTcp(server: string, query: Buffer, clock: Clock): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: server, port })
    const end = (answer: Buffer | undefined) => {
      timer.cancel()
      socket.destroy()
      resolve(answer)
    }
    const timer = clock.after(limits.dnsUpstreamMsMax, () => end(undefined))
    socket.once('error', () => end(undefined))
    socket.once('close', () => end(undefined))
    const frames = new Frames()
    socket.on('data', (chunk) => {
      for (const frame of frames.add(chunk))
        return end(frame.length < messageBytesMin ? undefined : frame)
    })
    socket.write(framed(query))
  })
}

/** By TCP, each message stands behind its length in two bytes. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0)

  add(chunk: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk])
    const whole: Buffer[] = []
    while (this.#rest.length >= 2) {
      const end = 2 + this.#rest.readUInt16BE(0)
      if (this.#rest.length < end) break
      whole.push(this.#rest.subarray(2, end))
      this.#rest = this.#rest.subarray(end)
    }
    return whole
  }
}

export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length, 0)
  return Buffer.concat([length, message])
}
