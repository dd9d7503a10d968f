import { WireError } from './frame.ts'

/**
 * What members of different versions speak with each other while a cluster is upgraded, one after the other.
 * A caller's hello says which protocols it knows; the other side answers each hello with the newest that both
 * know, and only then does the caller use what that brought. So a connection begins with protocol 1, and
 * nothing is configured or remembered: a member that comes back as another version makes new connections.
 *
 *   1  One hello for a connection, and each entry of a message with its own term, index and type.
 *   2  A hello comes again when what it says has changed; entries come in runs.
 *   3  Votes say what is committed.
 *   4  A snapshot may have a part that could be left out, behind an empty block.
 */
export type Protocol = number

export interface Protocols {
  readonly oldest: Protocol
  readonly newest: Protocol
}

export const ownProtocols: Protocols = { oldest: 1, newest: 4 }

/** The part of a hello that says so. Version 1 knew itself alone, and said no `newestProtocol`. */
export interface SpokenProtocols {
  readonly protocol: Protocol
  readonly newestProtocol?: Protocol
}

export function sayProtocols({ oldest, newest }: Protocols): SpokenProtocols {
  return { protocol: oldest, ...(newest > oldest && { newestProtocol: newest }) }
}

/** The newest that both know; undefined when there is none. */
export function commonProtocol(
  { protocol, newestProtocol = protocol }: SpokenProtocols,
  { oldest, newest }: Protocols = ownProtocols,
): Protocol | undefined {
  const common = Math.min(newestProtocol, newest)
  return common >= oldest && common >= protocol ? common : undefined
}

/** Answers a hello. Version 1 sends, and expects, nothing in there. */
export function encodeAgreed(protocol: Protocol): Uint8Array {
  return protocol === 1 ? new Uint8Array(0) : Uint8Array.of(protocol)
}

/** What an answer agrees to; undefined for one that only says that the other side reads. */
export function decodeAgreed(
  payload: Uint8Array,
  { newest }: Protocols = ownProtocols,
): Protocol | undefined {
  const protocol = payload[0]
  if (protocol !== undefined && protocol > newest)
    throw new WireError(`protocol ${protocol} was agreed to, which is not spoken here`)
  return protocol
}

/** What of a snapshot is for one who speaks `protocol`: it may know of no part that could be left out. */
export async function* blocksFor(
  protocol: Protocol,
  blocks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const block of blocks) {
    if (block.length === 0 && protocol < 4) return
    yield block
  }
}
