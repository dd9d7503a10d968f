import {
  elfExecutable,
  elfHeaderBytes,
  elfLoadAddress,
  elfMachines,
} from '../../kubelet/runtime/elf.ts'

/**
 * The program of the demo's image: an HTTP server for x86-64 Linux in about one kilobyte, assembled
 * here, because there is no registry to pull one from. It listens on port 8080, answers every request
 * with its host name (in Kubernetes, the pod's), prints each request's first line, and ends on SIGTERM.
 */
/** The kernel zero-fills from the end of the file to here. */
const memoryBytes = 0x4000
const requestBuffer = elfLoadAddress + 0x2000
const requestBytesMax = 4096
const utsname = elfLoadAddress + 0x3100
/** Offset of nodename in struct utsname. */
const nodeName = utsname + 65

const syscalls = {
  ...{ read: 0, write: 1, close: 3, rtSigaction: 13, socket: 41, accept: 43, sendto: 44 },
  ...{ bind: 49, listen: 50, setsockopt: 54, exit: 60, uname: 63 },
} as const

/** Machine code with labels; every jump is 32 bits wide, so sizes never depend on distances. */
class Assembler {
  readonly #bytes: number[] = []
  readonly #labels = new Map<string, number>()
  readonly #jumps: { at: number; label: string }[] = []
  readonly #addresses: { at: number; label: string }[] = []

  raw(...bytes: number[]): this {
    this.#bytes.push(...bytes)
    return this
  }

  word(value: number): this {
    for (let shift = 0; shift < 32; shift += 8) this.#bytes.push((value >>> shift) & 0xff)
    return this
  }

  label(name: string): this {
    this.#labels.set(name, this.#bytes.length)
    return this
  }

  jump(opcode: readonly number[], label: string): this {
    this.raw(...opcode)
    this.#jumps.push({ at: this.#bytes.length, label })
    return this.word(0)
  }

  /** A 32-bit absolute address of a label. */
  address(label: string): this {
    this.#addresses.push({ at: this.#bytes.length, label })
    return this.word(0)
  }

  text(value: string): this {
    return this.raw(...Buffer.from(value, 'latin1'))
  }

  get size(): number {
    return this.#bytes.length
  }

  finish(): Buffer {
    const code = Buffer.from(this.#bytes)
    for (const { at, label } of this.#jumps) code.writeInt32LE(this.#offset(label) - at - 4, at)
    for (const { at, label } of this.#addresses)
      code.writeUInt32LE(elfLoadAddress + elfHeaderBytes + this.#offset(label), at)
    return code
  }

  #offset(label: string): number {
    const offset = this.#labels.get(label)
    if (offset === undefined) throw new Error(`no label ${label}`)
    return offset
  }
}

type Register = 'eax' | 'ecx' | 'edx' | 'esi' | 'edi' | 'r8d' | 'r9d' | 'r10d'
const moveOpcodes: Readonly<Record<Register, readonly number[]>> = {
  ...{ eax: [0xb8], ecx: [0xb9], edx: [0xba], esi: [0xbe], edi: [0xbf] },
  ...{ r8d: [0x41, 0xb8], r9d: [0x41, 0xb9], r10d: [0x41, 0xba] },
}
const opcode = {
  ...{ jump: [0xe9], ifEqual: [0x0f, 0x84], ifSign: [0x0f, 0x88] },
  ...{ ifNotPositive: [0x0f, 0x8e], ifNotLess: [0x0f, 0x8d] },
  ...{ listenerToEdi: [0x44, 0x89, 0xe7], connectionToEdi: [0x44, 0x89, 0xef] },
  ...{ eaxToListener: [0x41, 0x89, 0xc4], eaxToConnection: [0x41, 0x89, 0xc5] },
  ...{ eaxToLength: [0x41, 0x89, 0xc6], testEax: [0x85, 0xc0], incrementEcx: [0xff, 0xc1] },
  ...{ ecxToBodyLength: [0x89, 0xcd], bodyLengthToEdx: [0x89, 0xea], ecxToEdx: [0x89, 0xca] },
  ...{ compareEcxLength: [0x44, 0x39, 0xf1], call: [0x0f, 0x05] },
  ...{ compareByteAt: [0x80, 0xb9], storeByteAt: [0xc6, 0x81] },
} as const

const banner = 'listening on :8080\n'
const head =
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nServer: kijabi-web\r\n\r\n'

/** The whole program as an ELF executable. */
export function webProgram(): Buffer {
  const code = new Assembler()
  emitName(code)
  emitSetup(code)
  emitLoop(code)
  emitData(code)
  return elfExecutable(elfMachines.x64, code.finish(), memoryBytes)
}

function move(code: Assembler, register: Register, value: number | string): void {
  code.raw(...moveOpcodes[register])
  if (typeof value === 'string') code.address(value)
  else code.word(value)
}

function systemCall(
  code: Assembler,
  name: keyof typeof syscalls,
  registers: Partial<Record<Register, number | string>>,
): void {
  for (const [register, value] of Object.entries(registers))
    move(code, register as Register, value as number | string)
  move(code, 'eax', syscalls[name])
  code.raw(...opcode.call)
}

/** The answer's body, once: the host name and a line feed; its length stays in ebp. */
function emitName(code: Assembler): void {
  systemCall(code, 'uname', { edi: utsname })
  move(code, 'ecx', 0)
  code
    .label('name')
    .raw(...opcode.compareByteAt)
    .word(nodeName)
    .raw(0)
  code
    .jump(opcode.ifEqual, 'named')
    .raw(...opcode.incrementEcx)
    .jump(opcode.jump, 'name')
  code
    .label('named')
    .raw(...opcode.storeByteAt)
    .word(nodeName)
    .raw(0x0a)
  code.raw(...opcode.incrementEcx, ...opcode.ecxToBodyLength)
}

function emitSetup(code: Assembler): void {
  // As process 1 of its namespace it has no default action for SIGTERM and SIGINT.
  for (const signal of [15, 2])
    systemCall(code, 'rtSigaction', { edi: signal, esi: 'action', edx: 0, r10d: 8 })
  systemCall(code, 'rtSigaction', { edi: 13, esi: 'ignore', edx: 0, r10d: 8 })
  systemCall(code, 'socket', { edi: 2, esi: 1, edx: 0 })
  code.raw(...opcode.eaxToListener, ...opcode.listenerToEdi)
  systemCall(code, 'setsockopt', { esi: 1, edx: 2, r10d: 'one', r8d: 4 })
  code.raw(...opcode.listenerToEdi)
  systemCall(code, 'bind', { esi: 'socketAddress', edx: 16 })
  code
    .raw(...opcode.testEax)
    .jump(opcode.ifSign, 'failed')
    .raw(...opcode.listenerToEdi)
  systemCall(code, 'listen', { esi: 128 })
  systemCall(code, 'write', { edi: 1, esi: 'banner', edx: banner.length })
}

function emitLoop(code: Assembler): void {
  code.label('accept').raw(...opcode.listenerToEdi)
  systemCall(code, 'accept', { esi: 0, edx: 0 })
  code.raw(...opcode.testEax).jump(opcode.ifSign, 'accept')
  code.raw(...opcode.eaxToConnection, ...opcode.connectionToEdi)
  // A peer that sends nothing holds the server up for a second at most.
  systemCall(code, 'setsockopt', { esi: 1, edx: 20, r10d: 'timeout', r8d: 16 })
  code.raw(...opcode.connectionToEdi)
  systemCall(code, 'read', { esi: requestBuffer, edx: requestBytesMax })
  code
    .raw(...opcode.testEax)
    .jump(opcode.ifNotPositive, 'close')
    .raw(...opcode.eaxToLength)
  code.raw(...opcode.connectionToEdi)
  const moreFollows = 0x8000
  systemCall(code, 'sendto', {
    ...{ esi: 'head', edx: head.length, r10d: moreFollows, r8d: 0, r9d: 0 },
  })
  code.raw(...opcode.connectionToEdi, ...opcode.bodyLengthToEdx)
  systemCall(code, 'write', { esi: nodeName })
  emitRequestLine(code)
  code.label('close').raw(...opcode.connectionToEdi)
  systemCall(code, 'close', {})
  code.jump(opcode.jump, 'accept')
  code.label('failed')
  systemCall(code, 'exit', { edi: 1 })
  code.label('exit')
  systemCall(code, 'exit', { edi: 0 })
}

/** Prints the request up to its first carriage return. */
function emitRequestLine(code: Assembler): void {
  move(code, 'ecx', 0)
  code
    .label('line')
    .raw(...opcode.compareEcxLength)
    .jump(opcode.ifNotLess, 'lineEnd')
  code
    .raw(...opcode.compareByteAt)
    .word(requestBuffer)
    .raw(0x0d)
  code
    .jump(opcode.ifEqual, 'lineEnd')
    .raw(...opcode.incrementEcx)
    .jump(opcode.jump, 'line')
  code
    .label('lineEnd')
    .raw(...opcode.storeByteAt)
    .word(requestBuffer)
    .raw(0x0a)
  code.raw(...opcode.incrementEcx, ...opcode.ecxToEdx)
  systemCall(code, 'write', { edi: 1, esi: requestBuffer })
}

function emitData(code: Assembler): void {
  const restorer = 0x0400_0000
  // struct sigaction of the kernel: handler, flags, restorer, mask; 8 bytes each.
  code.label('action').address('exit').word(0).word(restorer).word(0).address('exit').word(0)
  code.word(0).word(0)
  code.label('ignore').word(1).word(0).word(restorer).word(0).address('exit').word(0)
  code.word(0).word(0)
  code.label('one').word(1)
  code.label('timeout').word(1).word(0).word(0).word(0)
  // struct sockaddr_in: family 2, port 8080, any address.
  code.label('socketAddress').raw(2, 0, 0x1f, 0x90).word(0).word(0).word(0)
  code.label('banner').text(banner)
  code.label('head').text(head)
}
