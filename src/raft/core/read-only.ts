import type { LogIndex, MemberId } from '../../base/brand.ts'
import type { Message } from './message.ts'
import type { JointVoters } from './quorum.ts'
import { jointCommittedIndex } from './quorum.ts'

/**
 * `safe`: a read waits until a quorum confirms, by heartbeat, that this leader still leads.
 * `lease-based`: a read trusts the lease of CheckQuorum, hence clocks.
 */
export type ReadOnlyOption = 'safe' | 'lease-based'

/** A read may be answered once the state machine has applied `index`. */
export interface ReadState {
  readonly index: LogIndex
  readonly context: Uint8Array
}

export interface ReadRequest {
  readonly request: Message
  /** The commit index when the request arrived. */
  readonly index: LogIndex
}

/**
 * Reads that wait for confirmation. Heartbeats carry one growing counter: how many reads this leader
 * has ever taken. Whoever echoes n confirms the first n reads at once, and a late echo confirms only
 * reads that were there when its heartbeat left. A context chosen by the caller could be repeated
 * and then confirm a read too early (etcd issue 20418); a counter cannot.
 */
export class ReadOnly {
  readonly option: ReadOnlyOption
  readonly #acked = new Map<MemberId, number>()
  #waiting: ReadRequest[] = []
  #confirmed = 0

  constructor(option: ReadOnlyOption) {
    this.option = option
  }

  add(index: LogIndex, request: Message): void {
    this.#waiting.push({ request, index })
  }

  receiveAck(from: MemberId, context: Uint8Array | undefined): void {
    if (context === undefined || context.byteLength !== counterBytes) return
    this.#acked.set(from, Math.max(this.#acked.get(from) ?? 0, decodeCounter(context)))
  }

  /** Reads that the acknowledgements so far confirm, oldest first; each is returned once. */
  takeConfirmed(voters: JointVoters): readonly ReadRequest[] {
    const confirmed = jointCommittedIndex(voters, (id) => this.#acked.get(id))
    const count = Math.min(confirmed - this.#confirmed, this.#waiting.length)
    if (count <= 0) return []
    this.#confirmed += count
    return this.#waiting.splice(0, count)
  }

  /** What a heartbeat must carry to confirm all that waits; undefined when nothing does. */
  heartbeatContext(): Uint8Array | undefined {
    if (this.#waiting.length === 0) return undefined
    return encodeCounter(this.#confirmed + this.#waiting.length)
  }
}

const counterBytes = 8

function encodeCounter(count: number): Uint8Array {
  const bytes = new Uint8Array(counterBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, count % 2 ** 32, true)
  view.setUint32(4, Math.floor(count / 2 ** 32), true)
  return bytes
}

function decodeCounter(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, counterBytes)
  return view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32
}
