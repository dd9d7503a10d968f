import { Duplex } from 'node:stream'

const binary = 0x82
const binaryOpcode = 2

/**
 * The client's side of bytes within a WebSocket, by hand (RFC 6455): the library refuses sub-protocols
 * whose names are no tokens.
 */
export function webSocketTunnel(socket: Duplex): Duplex {
  let pending = Buffer.alloc(0)
  const tunnel = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      const length = Buffer.alloc(8)
      length.writeUInt32BE(chunk.length, 4)
      // A mask of zeros leaves the bytes as they are.
      socket.write(Buffer.concat([Buffer.of(binary, 0xff), length, Buffer.alloc(4), chunk]), () =>
        done(),
      )
    },
    final: (done) => {
      socket.end(Buffer.from([0x88, 0x80, 0, 0, 0, 0]), () => done())
    },
  })
  const take = () => {
    const [first = 0, second = 0] = pending
    if (pending.length < 2) return false
    const long = second === 126 ? 2 : second === 127 ? 8 : 0
    if (pending.length < 2 + long) return false
    const size = long === 0 ? second : pending.readUIntBE(long === 8 ? 4 : 2, long === 8 ? 6 : 2)
    const end = 2 + long + size
    if (pending.length < end) return false
    if ((first & 0xf) === binaryOpcode) tunnel.push(pending.subarray(2 + long, end))
    pending = pending.subarray(end)
    return true
  }
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (take());
  })
  socket.on('close', () => tunnel.destroy())
  socket.on('error', () => tunnel.destroy())
  return tunnel
}
