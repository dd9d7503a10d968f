/** Where an executable's one segment, headers included, is loaded. */
export const elfLoadAddress = 0x400000
/** Size of what stands before the code. */
export const elfHeaderBytes = 64 + 56

export const elfMachines = { x64: 62, arm64: 183 } as const

/**
 * A static executable of one segment that holds headers and code (System V ABI, ELF-64). With
 * `memoryBytes` the segment is writable, and zero from the end of the code up to that size.
 */
export function elfExecutable(machine: number, code: Buffer, memoryBytes?: number): Buffer {
  const head = Buffer.alloc(elfHeaderBytes)
  const size = elfHeaderBytes + code.length
  head.write('\x7fELF\x02\x01\x01', 0, 'latin1')
  head.writeUInt16LE(2, 16)
  head.writeUInt16LE(machine, 18)
  head.writeUInt32LE(1, 20)
  head.writeBigUInt64LE(BigInt(elfLoadAddress + elfHeaderBytes), 24)
  head.writeBigUInt64LE(64n, 32)
  head.writeUInt16LE(64, 52)
  head.writeUInt16LE(56, 54)
  head.writeUInt16LE(1, 56)
  head.writeUInt32LE(1, 64)
  head.writeUInt32LE(memoryBytes === undefined ? 5 : 7, 68)
  head.writeBigUInt64LE(BigInt(elfLoadAddress), 80)
  head.writeBigUInt64LE(BigInt(elfLoadAddress), 88)
  head.writeBigUInt64LE(BigInt(size), 96)
  head.writeBigUInt64LE(BigInt(memoryBytes ?? size), 104)
  head.writeBigUInt64LE(0x1000n, 112)
  return Buffer.concat([head, code])
}
