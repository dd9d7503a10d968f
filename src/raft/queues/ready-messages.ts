import { assert } from '../../base/assert.ts'
import type { Message } from '../core/message.ts'

export interface ReadyMessages {
  /** To the other members, at once. */
  readonly outgoing: readonly Message[]
  readonly snapshots: readonly Message[]
  /** To the storage threads, in order. */
  readonly storage: readonly Message[]
}

/**
 * What is to be done with the messages of a Ready. Most go out while this member writes. A candidate's
 * request for votes waits until its own term is durable: two votes of others may be a quorum without its
 * own, and a leader that forgot its term in a power cut could win the same term again and fill it with
 * other entries (Raft section 5.2 and figure 2: term and vote are durable before a request leaves).
 */
export function sortMessages(messages: readonly Message[]): ReadyMessages {
  const outgoing: Message[] = []
  const snapshots: Message[] = []
  const storage: Message[] = []
  const votes: Message[] = []
  for (const message of messages) {
    const { type } = message
    if (type === 'MsgStorageAppend' || type === 'MsgStorageApply') storage.push(message)
    else if (type === 'MsgSnap') snapshots.push(message)
    else if (type === 'MsgVote') votes.push(message)
    else outgoing.push(message)
  }
  if (votes.length === 0) return { outgoing, snapshots, storage }
  const at = storage.findIndex(({ type }) => type === 'MsgStorageAppend')
  const append = storage[at]
  assert(append !== undefined, 'a candidate stores its term in the turn in which it asks for votes')
  storage[at] = { ...append, responses: [...append.responses, ...votes] }
  return { outgoing, snapshots, storage }
}
