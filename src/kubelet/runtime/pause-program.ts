import { elfExecutable, elfMachines } from './elf.ts'

/**
 * The program that holds a pod's namespaces, as a static ELF file made here: no registry and no compiler
 * is needed. It blocks all signals and takes them one by one: SIGTERM and SIGINT end it, SIGCHLD makes it
 * reap, for it is process 1 when containers share their process namespace.
 */
export type Architecture = 'x64' | 'arm64'

/** The whole file; `undefined` for an architecture that this module has no code for. */
export function pauseProgram(architecture: string): Buffer | undefined {
  if (architecture === 'x64') return elfExecutable(elfMachines.x64, x64Code())
  if (architecture === 'arm64') return elfExecutable(elfMachines.arm64, arm64Code())
  return undefined
}

const signals = { interrupt: 2, terminate: 15, child: 17 } as const
const allSignals = Buffer.alloc(8, 0xff)

/** Bytes, and places that a label's distance is put into at the end. */
class Assembler {
  readonly #bytes: number[] = []
  readonly #labels = new Map<string, number>()
  readonly #fixes: { at: number; label: string; put: (distance: number) => void }[] = []

  get at(): number {
    return this.#bytes.length
  }

  emit(...bytes: number[]): void {
    this.#bytes.push(...bytes)
  }

  word(value: number): void {
    const at = this.at
    this.emit(0, 0, 0, 0)
    this.#set(at, value)
  }

  label(name: string): void {
    this.#labels.set(name, this.at)
  }

  /** `distance` is counted from `from`, a position. */
  fix(label: string, from: number, put: (distance: number) => void): void {
    this.#fixes.push({ at: from, label, put })
  }

  byteAt(at: number, value: number): void {
    this.#bytes[at] = value & 0xff
  }

  #set(at: number, value: number): void {
    for (let byte = 0; byte < 4; byte += 1) this.byteAt(at + byte, value >>> (8 * byte))
  }

  wordAt(at: number, value: number): void {
    this.#set(at, value)
  }

  finish(): Buffer {
    for (const { at, label, put } of this.#fixes) put((this.#labels.get(label) ?? 0) - at)
    return Buffer.from(this.#bytes)
  }
}

function x64Code(): Buffer {
  const asm = new Assembler()
  const system = (number: number) => asm.emit(0xb8, number, 0, 0, 0)
  const callKernel = () => asm.emit(0x0f, 0x05)
  const clear = {
    edi: [0x31, 0xff],
    esi: [0x31, 0xf6],
    edx: [0x31, 0xd2],
    r10d: [0x45, 0x31, 0xd2],
  }
  const setSize = () => asm.emit(0x41, 0xba, 8, 0, 0, 0)
  const address = (opcode: number, label: string) => {
    asm.emit(0x48, 0x8d, opcode, 0, 0, 0, 0)
    const end = asm.at
    asm.fix(label, end, (distance) => asm.wordAt(end - 4, distance))
  }
  const jump = (opcode: number, label: string) => {
    asm.emit(opcode, 0)
    const end = asm.at
    asm.fix(label, end, (distance) => asm.byteAt(end - 1, distance))
  }
  const whenSignal = (signal: number, label: string) => {
    asm.emit(0x83, 0xf8, signal)
    jump(0x74, label)
  }
  system(14) // rt_sigprocmask(SIG_BLOCK, &all, NULL, 8)
  asm.emit(...clear.edi)
  address(0x35, 'set')
  asm.emit(...clear.edx)
  setSize()
  callKernel()
  asm.label('wait')
  system(128) // rt_sigtimedwait(&all, NULL, NULL, 8)
  address(0x3d, 'set')
  asm.emit(...clear.esi, ...clear.edx)
  setSize()
  callKernel()
  whenSignal(signals.child, 'reap')
  whenSignal(signals.terminate, 'end')
  whenSignal(signals.interrupt, 'end')
  jump(0xeb, 'wait')
  asm.label('reap')
  system(61) // wait4(-1, NULL, WNOHANG, NULL)
  asm.emit(0xbf, 0xff, 0xff, 0xff, 0xff, ...clear.esi, 0xba, 1, 0, 0, 0, ...clear.r10d)
  callKernel()
  asm.emit(0x85, 0xc0)
  jump(0x7f, 'reap')
  jump(0xeb, 'wait')
  asm.label('end')
  system(60) // exit(0)
  asm.emit(...clear.edi)
  callKernel()
  asm.label('set')
  asm.emit(...allSignals)
  return asm.finish()
}

function arm64Code(): Buffer {
  const asm = new Assembler()
  const set = (register: number, value: number) =>
    asm.word((0xd2800000 | (value << 5) | register) >>> 0)
  const minusOne = (register: number) => asm.word((0x92800000 | register) >>> 0)
  const callKernel = (number: number) => {
    set(8, number)
    asm.word(0xd4000001)
  }
  const address = (register: number, label: string) => {
    const at = asm.at
    asm.word(0)
    asm.fix(label, at, (distance) => {
      const low = (distance & 3) << 29
      asm.wordAt(at, (0x10000000 | low | (((distance >> 2) & 0x7ffff) << 5) | register) >>> 0)
    })
  }
  const branch = (label: string) => {
    const at = asm.at
    asm.word(0)
    asm.fix(label, at, (distance) =>
      asm.wordAt(at, (0x14000000 | ((distance >> 2) & 0x3ffffff)) >>> 0),
    )
  }
  const branchWhen = (condition: number, label: string) => {
    const at = asm.at
    asm.word(0)
    asm.fix(label, at, (distance) =>
      asm.wordAt(at, (0x54000000 | (((distance >> 2) & 0x7ffff) << 5) | condition) >>> 0),
    )
  }
  const [equal, greater] = [0x0, 0xc]
  const compare = (value: number) => asm.word((0xf100001f | (value << 10)) >>> 0)
  set(0, 0) // rt_sigprocmask(SIG_BLOCK, &all, NULL, 8)
  address(1, 'set')
  set(2, 0)
  set(3, 8)
  callKernel(135)
  asm.label('wait')
  address(0, 'set') // rt_sigtimedwait(&all, NULL, NULL, 8)
  set(1, 0)
  set(2, 0)
  set(3, 8)
  callKernel(137)
  compare(signals.child)
  branchWhen(equal, 'reap')
  compare(signals.terminate)
  branchWhen(equal, 'end')
  compare(signals.interrupt)
  branchWhen(equal, 'end')
  branch('wait')
  asm.label('reap')
  minusOne(0) // wait4(-1, NULL, WNOHANG, NULL)
  set(1, 0)
  set(2, 1)
  set(3, 0)
  callKernel(260)
  compare(0)
  branchWhen(greater, 'reap')
  branch('wait')
  asm.label('end')
  set(0, 0) // exit(0)
  callKernel(93)
  asm.label('set')
  asm.emit(...allSignals)
  return asm.finish()
}
