import { header, KeyValueMessage, ResponseHeader } from './kv-messages.ts'
import {
  bool,
  bytes,
  each,
  id,
  int,
  int64,
  type MessageOf,
  MessageType,
  many,
  named,
  one,
  oneOf,
  text,
  uint32,
} from './message-type.ts'

/** The messages of etcd's Lease, Cluster, Maintenance and Auth services, of v3lock, v3election, health. */

const leaseGrantFields = { ttl: named('TTL', int(1)), id: named('ID', int64(2)) }
export type LeaseGrant = MessageOf<typeof leaseGrantFields>
export const LeaseGrant = new MessageType<LeaseGrant>(leaseGrantFields)

const leaseGrantedFields = {
  header,
  id: named('ID', int64(2)),
  ttl: named('TTL', int(3)),
  error: text(4),
}
export type LeaseGranted = MessageOf<typeof leaseGrantedFields>
export const LeaseGranted = new MessageType<LeaseGranted>(leaseGrantedFields)

const leaseNameFields = { id: named('ID', int64(1)) }
/** Revocation, keep-alive, and an item of the list of leases: an id. */
export type LeaseName = MessageOf<typeof leaseNameFields>
export const LeaseName = new MessageType<LeaseName>(leaseNameFields)

const leaseKeptFields = { header, id: named('ID', int64(2)), ttl: named('TTL', int(3)) }
export type LeaseKept = MessageOf<typeof leaseKeptFields>
export const LeaseKept = new MessageType<LeaseKept>(leaseKeptFields)

const leaseTimeFields = { id: named('ID', int64(1)), keys: bool(2) }
export type LeaseTime = MessageOf<typeof leaseTimeFields>
export const LeaseTime = new MessageType<LeaseTime>(leaseTimeFields)

const leaseTimeLeftFields = {
  header,
  id: named('ID', int64(2)),
  ttl: named('TTL', int(3)),
  grantedTtl: named('grantedTTL', int(4)),
  keys: each(bytes(5)),
}
export type LeaseTimeLeft = MessageOf<typeof leaseTimeLeftFields>
export const LeaseTimeLeft = new MessageType<LeaseTimeLeft>(leaseTimeLeftFields)

const leaseListFields = { header, leases: many(2, () => LeaseName) }
export type LeaseList = MessageOf<typeof leaseListFields>
export const LeaseList = new MessageType<LeaseList>(leaseListFields)

const memberFields = {
  id: named('ID', id(1)),
  name: text(2),
  peerUrls: named('peerURLs', each(text(3))),
  clientUrls: named('clientURLs', each(text(4))),
  isLearner: named('isLearner', bool(5)),
}
export type Member = MessageOf<typeof memberFields>
export const Member = new MessageType<Member>(memberFields)

const memberAddFields = {
  peerUrls: named('peerURLs', each(text(1))),
  isLearner: named('isLearner', bool(2)),
}
export type MemberAdd = MessageOf<typeof memberAddFields>
export const MemberAdd = new MessageType<MemberAdd>(memberAddFields)

const memberAddedFields = {
  header,
  member: one(2, () => Member),
  members: many(3, () => Member),
}
export type MemberAdded = MessageOf<typeof memberAddedFields>
export const MemberAdded = new MessageType<MemberAdded>(memberAddedFields)

const memberNameFields = { id: named('ID', id(1)) }
/** Removal and promotion of a member, and the target of a leader's move: an id. */
export type MemberName = MessageOf<typeof memberNameFields>
export const MemberName = new MessageType<MemberName>(memberNameFields)

const memberUpdateFields = { id: named('ID', id(1)), peerUrls: named('peerURLs', each(text(2))) }
export type MemberUpdate = MessageOf<typeof memberUpdateFields>
export const MemberUpdate = new MessageType<MemberUpdate>(memberUpdateFields)

const memberListRequestFields = { linearizable: bool(1) }
export type MemberListRequest = MessageOf<typeof memberListRequestFields>
export const MemberListRequest = new MessageType<MemberListRequest>(memberListRequestFields)

const memberListFields = { header, members: many(2, () => Member) }
export type MemberList = MessageOf<typeof memberListFields>
export const MemberList = new MessageType<MemberList>(memberListFields)

const alarmKinds = ['NONE', 'NOSPACE', 'CORRUPT']
const alarmRequestFields = {
  action: oneOf(1, 'GET', 'ACTIVATE', 'DEACTIVATE'),
  memberId: named('memberID', id(2)),
  /** NONE for all of them. */
  alarm: oneOf(3, ...alarmKinds),
}
export type AlarmRequest = MessageOf<typeof alarmRequestFields>
export const AlarmRequest = new MessageType<AlarmRequest>(alarmRequestFields)

const alarmFields = { memberId: named('memberID', id(1)), alarm: oneOf(2, ...alarmKinds) }
export type Alarm = MessageOf<typeof alarmFields>
export const Alarm = new MessageType<Alarm>(alarmFields)

const alarmListFields = { header, alarms: many(2, () => Alarm) }
export type AlarmList = MessageOf<typeof alarmListFields>
export const AlarmList = new MessageType<AlarmList>(alarmListFields)

const statusFields = {
  header,
  version: text(2),
  dbSize: named('dbSize', int(3)),
  leader: id(4),
  raftIndex: named('raftIndex', int(5)),
  raftTerm: named('raftTerm', int(6)),
  raftAppliedIndex: named('raftAppliedIndex', int(7)),
  errors: each(text(8)),
  dbSizeInUse: named('dbSizeInUse', int(9)),
  isLearner: named('isLearner', bool(10)),
}
export type StatusAnswer = MessageOf<typeof statusFields>
export const StatusAnswer = new MessageType<StatusAnswer>(statusFields)

const hashFields = { header, hash: uint32(2) }
export type HashAnswer = MessageOf<typeof hashFields>
export const HashAnswer = new MessageType<HashAnswer>(hashFields)

const hashKvRequestFields = { revision: int(1) }
export type HashKvRequest = MessageOf<typeof hashKvRequestFields>
export const HashKvRequest = new MessageType<HashKvRequest>(hashKvRequestFields)

const hashKvFields = { header, hash: uint32(2), compactRevision: int(3) }
export type HashKvAnswer = MessageOf<typeof hashKvFields>
export const HashKvAnswer = new MessageType<HashKvAnswer>(hashKvFields)

const snapshotFields = { header, remainingBytes: int(2), blob: bytes(3) }
export type SnapshotPart = MessageOf<typeof snapshotFields>
export const SnapshotPart = new MessageType<SnapshotPart>(snapshotFields)

const authStatusFields = { header, enabled: bool(2), authRevision: named('authRevision', int(3)) }
export type AuthStatus = MessageOf<typeof authStatusFields>
export const AuthStatus = new MessageType<AuthStatus>(authStatusFields)

const lockRequestFields = { name: bytes(1), lease: int64(2) }
export type LockRequest = MessageOf<typeof lockRequestFields>
export const LockRequest = new MessageType<LockRequest>(lockRequestFields)

const lockedFields = { header, key: bytes(2) }
export type Locked = MessageOf<typeof lockedFields>
export const Locked = new MessageType<Locked>(lockedFields)

const unlockFields = { key: bytes(1) }
export type Unlock = MessageOf<typeof unlockFields>
export const Unlock = new MessageType<Unlock>(unlockFields)

const leaderKeyFields = {
  name: bytes(1),
  key: bytes(2),
  revision: named('rev', int(3)),
  lease: int64(4),
}
export type LeaderKey = MessageOf<typeof leaderKeyFields>
export const LeaderKey = new MessageType<LeaderKey>(leaderKeyFields)

const campaignFields = { name: bytes(1), lease: int64(2), value: bytes(3) }
export type Campaign = MessageOf<typeof campaignFields>
export const Campaign = new MessageType<Campaign>(campaignFields)

const electedFields = { header, leader: one(2, () => LeaderKey) }
export type Elected = MessageOf<typeof electedFields>
export const Elected = new MessageType<Elected>(electedFields)

const proclaimFields = { leader: one(1, () => LeaderKey), value: bytes(2) }
export type Proclaim = MessageOf<typeof proclaimFields>
export const Proclaim = new MessageType<Proclaim>(proclaimFields)

const resignFields = { leader: one(1, () => LeaderKey) }
export type Resign = MessageOf<typeof resignFields>
export const Resign = new MessageType<Resign>(resignFields)

const electionNameFields = { name: bytes(1) }
export type ElectionName = MessageOf<typeof electionNameFields>
export const ElectionName = new MessageType<ElectionName>(electionNameFields)

const leaderFields = { header: one(1, () => ResponseHeader), kv: one(2, () => KeyValueMessage) }
export type Leader = MessageOf<typeof leaderFields>
export const Leader = new MessageType<Leader>(leaderFields)

const healthRequestFields = { service: text(1) }
export type HealthRequest = MessageOf<typeof healthRequestFields>
export const HealthRequest = new MessageType<HealthRequest>(healthRequestFields)

const healthFields = { status: oneOf(1, 'UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN') }
export type HealthStatus = MessageOf<typeof healthFields>
export const HealthStatus = new MessageType<HealthStatus>(healthFields)
