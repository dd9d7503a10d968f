import { assert, present } from '../../base/assert.ts'
import type { MemberId } from '../../base/brand.ts'
import type { Message, MessageFields } from './message.ts'
import { nobody, transferContext } from './message.ts'
import { jointIds } from './quorum.ts'
import type { Raft } from './raft.ts'

/** `transfer`: the leader itself asked for it, so neither pre-vote nor leases stand in its way. */
export type CampaignKind = 'pre-election' | 'election' | 'transfer'

/** Starts a campaign if this member may (raft section 5.2). */
export function hup(raft: Raft, kind: CampaignKind): void {
  if (raft.role === 'leader') return
  if (!raft.promotable()) raft.trace('campaign-refused', nobody, 'not promotable')
  // A membership change that is committed but not applied could change who decides.
  else if (hasUnappliedConfChange(raft))
    raft.trace('campaign-refused', nobody, 'a membership change is not applied yet')
  else campaign(raft, kind)
}

function hasUnappliedConfChange(raft: Raft): boolean {
  const { log } = raft
  if (log.applied >= log.committed) return false
  return log.some(log.applied + 1, log.committed + 1, ({ type }) => type !== 'EntryNormal')
}

export function campaign(raft: Raft, kind: CampaignKind): void {
  const isPreVote = kind === 'pre-election'
  if (isPreVote) raft.becomePreCandidate()
  else raft.becomeCandidate()
  // A pre-vote asks about the next term without entering it.
  const term = isPreVote ? raft.term + 1 : raft.term
  const last = raft.log.lastEntryId()
  const context = kind === 'transfer' ? transferContext : undefined
  for (const id of jointIds(raft.tracker.config.voters)) {
    // Our own vote, too, counts only once it is durable.
    if (id === raft.id) raft.send(isPreVote ? 'MsgPreVoteResp' : 'MsgVoteResp', id, { term })
    else
      raft.send(isPreVote ? 'MsgPreVote' : 'MsgVote', id, {
        term,
        index: last.index,
        logTerm: last.term,
        context,
        ...committedNews(raft),
      })
  }
}

/**
 * Whether the vote is refused without a word because a leader lives (thesis sections 4.2.3 and 9.6).
 * The lease protects availability and lease-based reads, never safety. It is void when the leader
 * itself started the campaign, and when this member was told that it lost that very leader.
 */
export function leaseRefusesVote(raft: Raft, message: Message): boolean {
  const { checkQuorum, electionTicks } = raft.settings
  if (!checkQuorum || raft.leader === nobody) return false
  if (raft.electionElapsedTicks >= electionTicks) return false
  return !isTransfer(message) && raft.lostLeader !== raft.leader
}

function isTransfer({ context }: Message): boolean {
  return (
    context !== undefined &&
    context.byteLength === transferContext.byteLength &&
    context.every((byte, at) => byte === transferContext[at])
  )
}

/** MsgVote and MsgPreVote of a term that is not behind ours (raft sections 5.2 and 5.4.1). */
export function handleVoteRequest(raft: Raft, message: Message): void {
  const isPreVote = message.type === 'MsgPreVote'
  const canVote =
    raft.vote === message.from ||
    (raft.vote === nobody && raft.leader === nobody) ||
    (isPreVote && message.term > raft.term)
  // A learner votes as well: the log may have made it a voter without it knowing yet.
  const granted = canVote && raft.log.isUpToDate({ term: message.logTerm, index: message.index })
  const answer = isPreVote ? 'MsgPreVoteResp' : 'MsgVoteResp'
  raft.trace(granted ? 'vote-granted' : 'vote-rejected', message.from, message.type)
  if (!granted) {
    raft.send(answer, message.from, { term: raft.term, reject: true, ...committedNews(raft) })
    return
  }
  // A pre-vote is granted for the term that was asked about: ours would look stale to the asker.
  raft.send(answer, message.from, { term: message.term, ...committedNews(raft) })
  if (isPreVote) return
  raft.electionElapsedTicks = 0
  raft.vote = message.from
}

/** What a vote says beside the vote; see learnCommitted. */
export function committedNews({ settings, log }: Raft): MessageFields {
  if (!settings.votesTellCommit) return silence
  const commitTerm = present(log.term(log.committed), 'the term of the last committed entry')
  return { commit: log.committed, commitTerm }
}

const silence: MessageFields = {}

/**
 * Whoever asks for a vote or answers knows a committed entry. Who holds an entry with that index and
 * term holds everything up to it (raft section 5.3, log matching), and learns that it is committed.
 *
 * A membership change counts from its commit on. Without this, voters that have not heard of the
 * commit ask members for their consent that have lost the right to stand and the reason to agree, for
 * ever (docs/adr/0012). raft-rs has it as `maybe_commit_by_vote`.
 */
export function learnCommitted(raft: Raft, { from, commit, commitTerm }: Message): void {
  const { log, role } = raft
  if (commit <= log.committed) {
    const ours = log.term(commit)
    assert(
      ours === undefined || ours === commitTerm,
      `committed entries never differ: ${commit} is of term ${ours}, of ${commitTerm} on ${from}`,
    )
    return
  }
  // A leader counts for itself, and who leads a later term tells it.
  if (role === 'leader' || !log.maybeCommit({ index: commit, term: commitTerm })) return
  raft.trace('commit-learned', from, `index ${commit}`)
  // Whom to ask may be another matter now: the campaign begins anew once the change is applied.
  if (role !== 'follower' && hasUnappliedConfChange(raft)) raft.becomeFollower(raft.term, nobody)
}

/**
 * The driver lost its connection to `leaderId`. A follower of that leader remembers it until it hears
 * from the leader or the term changes: meanwhile the lease of that leader does not make it refuse
 * votes. With `campaigns` it also asks for pre-votes at once; called again, it asks again.
 *
 * Safe: a pre-vote changes no term and no vote; a real vote obeys term, vote and log as ever. Only
 * the lease is waived, and it protects nothing but availability here: lease-based reads, which rely
 * on it, refuse the hint. False when the hint says nothing about the leader that we follow.
 */
export function hintLeaderLost(raft: Raft, leaderId: MemberId, campaigns: boolean): boolean {
  if (raft.readOnly.option === 'lease-based') return false
  const follows = raft.role === 'follower' && raft.leader === leaderId
  const asksAlready = raft.role === 'pre-candidate' && raft.lostLeader === leaderId
  if (leaderId === nobody || leaderId === raft.id || !(follows || asksAlready)) return false
  raft.lostLeader = leaderId
  raft.trace('leader-lost-hint', leaderId)
  if (campaigns) hup(raft, 'pre-election')
  return true
}
