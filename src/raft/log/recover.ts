import type { LogIndex, MemberId, Term } from '../../base/brand.ts'
import type { Random } from '../../base/random.ts'
import { statusError } from '../../base/status.ts'
import { decodeConfChange, encodeConfChange, leaveJointChange } from '../core/conf-change-codec.ts'
import type { ConfChange, ConfState, Entry } from '../core/message.ts'
import { RawNode } from '../core/raw-node.ts'
import type { MemberAddress } from '../membership/members.ts'
import { lockDirectory } from '../wal/directory-lock.ts'
import { readIdentity, rememberIdentity } from '../wal/identity.ts'
import { type LogOptions, type OpenLog, openLog } from './open-log.ts'

export interface RecoverAloneOptions
  extends Omit<LogOptions, 'clusterId' | 'members' | 'memberId'> {
  /** The member whose data the cluster goes on with. */
  readonly self: MemberAddress
  /** Of the cluster that begins; no member of the old one may know it. */
  readonly newClusterId: string
}

export interface RecoveredAlone {
  readonly lastIndex: LogIndex
  readonly term: Term
  readonly removed: readonly MemberId[]
  /** What was damaged and is given up. */
  readonly damage: string | undefined
}

/**
 * Makes one member the whole cluster, after a majority was lost for good. Everything in its log becomes
 * committed, whether the old cluster had committed it or not; entries that only the lost members held
 * are gone. The membership changes that remove the others are written into its log as committed, under
 * a new cluster identity, which every member of the old cluster refuses and is refused by. Can be run
 * again when it was interrupted. The member must be stopped.
 */
export async function recoverAlone(options: RecoverAloneOptions): Promise<RecoveredAlone> {
  const { disk, dataDirectory, random, self, newClusterId } = options
  const release = await (options.lock ?? lockDirectory)(dataDirectory)
  try {
    const before = await readIdentity(disk, dataDirectory)
    if (!before || before.memberId !== self.id)
      throw statusError('Conflict', `${dataDirectory} does not hold the data of member ${self.id}`)
    const { clusterId, members } = before
    const log = await openLog(
      { ...options, clusterId, members, memberId: self.id },
      { acceptsLoss: true },
    )
    try {
      const { changes, removed, lastIndex, term } = takeOver(log, self.id, random)
      // First the identity: from here on no member of the old cluster hears this one any more.
      await rememberIdentity(disk, dataDirectory, {
        ...log.identity,
        ...{ clusterId: newClusterId, members: [self], incarnation: random.uuid(), joined: true },
      })
      const hardState = { term, vote: 0 as MemberId, commit: lastIndex }
      await log.wal.append({ entries: changes, hardState })
      await log.votes.remember(hardState)
      return { lastIndex, term, removed, damage: log.identity.damage?.what }
    } finally {
      await log.wal.close()
      await log.votes.close()
    }
  } finally {
    await release()
  }
}

interface TakeOver {
  readonly changes: readonly Entry[]
  readonly removed: readonly MemberId[]
  readonly lastIndex: LogIndex
  readonly term: Term
}

/** The membership changes, one voter at a time, that leave nobody but `self`. */
function takeOver(log: OpenLog, self: MemberId, random: Random): TakeOver {
  const { confState, term } = atTheEnd(log, self, random)
  const { voters, votersOutgoing, learners, learnersNext } = confState
  const others = new Set([...voters, ...votersOutgoing, ...learners, ...learnersNext])
  others.delete(self)
  const wanted: ConfChange[] = []
  if (votersOutgoing.length > 0) wanted.push(leaveJointChange)
  if (!voters.includes(self)) wanted.push(change('ConfChangeAddNode', self))
  for (const id of others) wanted.push(change('ConfChangeRemoveNode', id))
  const first = log.storage.lastIndex() + 1
  const changes = wanted.map((one, at) => ({
    ...encodeConfChange(one),
    ...{ index: (first + at) as LogIndex, term: (term + 1) as Term },
  }))
  const lastIndex = (first + changes.length - 1) as LogIndex
  return { changes, removed: [...others], lastIndex, term: (term + 1) as Term }
}

function change(type: 'ConfChangeAddNode' | 'ConfChangeRemoveNode', nodeId: MemberId): ConfChange {
  return { type, nodeId, context: new Uint8Array(0) }
}

/** The membership and the term as they are when the whole log is taken for committed. */
function atTheEnd({ storage, confState, snapshot }: OpenLog, self: MemberId, random: Random) {
  const { hardState } = storage.initialState()
  const term = Math.max(hardState?.term ?? 0, storage.term(storage.lastIndex()) ?? 0) as Term
  storage.setHardState({ term, vote: hardState?.vote ?? 0, commit: storage.lastIndex() })
  const applied = snapshot?.header.index ?? (0 as LogIndex)
  const node = new RawNode({
    ...{ id: self, electionTicks: 10, heartbeatTicks: 1, storage, applied, random },
    inflightMessagesMax: 1,
  })
  let latest: ConfState = confState
  while (node.hasReady()) {
    for (const entry of node.ready().committedEntries) {
      const one = decodeConfChange(entry)
      if (one) latest = node.applyConfChange(one)
    }
    node.advance()
  }
  return { confState: latest, term }
}
