import { assert } from '../base/assert.ts'

export const slabBytes = 1024 * 1024
/** Larger values get a buffer of their own: they would waste too much at a slab's end. */
const sharedBytesMax = slabBytes / 4
/** A sealed slab whose share of live bytes sinks below this is worth emptying. */
const sparseShare = 1 / 4

/**
 * One buffer that many values lie in. Thousands of values then cost the garbage collector one object
 * outside its heap each, not a heap block each. The buffer goes when nothing refers to any value in
 * it: neither the current state, nor history, nor a frozen view.
 */
export interface Slab {
  readonly buffer: Buffer
  used: number
  /** Bytes of values that are current. History may refer to more. */
  liveBytes: number
  /** Full: nothing will be added. */
  sealed: boolean
  /** The keys whose values were put here: where to look when the slab is to be emptied. */
  keys: string[]
}

/** Where a value lies. To be written once, before anybody reads it. */
export interface SlabPlace {
  readonly slab: Slab
  readonly start: number
  readonly bytes: number
}

export class SlabAllocator {
  #open: Slab = newSlab(slabBytes)

  /** Space for a value of `bytes` bytes under `key`, counted as live. */
  allocate(key: string, bytes: number): SlabPlace {
    const slab = this.#slabFor(bytes)
    const start = slab.used
    slab.used += bytes
    slab.liveBytes += bytes
    slab.keys.push(key)
    return { slab, start, bytes }
  }

  /** A value is no longer current. True when the slab is now worth emptying. */
  release(slab: Slab, bytes: number): boolean {
    slab.liveBytes -= bytes
    assert(slab.liveBytes >= 0, 'a slab has no fewer than zero live bytes')
    return slab.sealed && slab.keys.length > 0 && slab.liveBytes < slab.used * sparseShare
  }

  #slabFor(bytes: number): Slab {
    if (bytes > sharedBytesMax) {
      const own = newSlab(bytes)
      own.sealed = true
      return own
    }
    if (this.#open.used + bytes > slabBytes) {
      this.#open.sealed = true
      this.#open = newSlab(slabBytes)
    }
    return this.#open
  }
}

function newSlab(bytes: number): Slab {
  return {
    buffer: Buffer.allocUnsafeSlow(bytes),
    used: 0,
    liveBytes: 0,
    sealed: false,
    keys: [],
  }
}
