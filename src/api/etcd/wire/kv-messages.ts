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
} from './message-type.ts'

/**
 * The messages of etcd's KV and Watch services by field number (etcd api/etcdserverpb, api/mvccpb,
 * version 3.5). Names are ours.
 */
const headerFields = { clusterId: id(1), memberId: id(2), revision: int(3), raftTerm: int(4) }
export type ResponseHeader = MessageOf<typeof headerFields>
export const ResponseHeader = new MessageType<ResponseHeader>(headerFields)
export const header = one(1, () => ResponseHeader)

export const keyValueFields = {
  key: bytes(1),
  createRevision: int(2),
  modRevision: int(3),
  version: int(4),
  value: bytes(5),
  lease: int64(6),
}
export type KeyValueMessage = MessageOf<typeof keyValueFields>
export const KeyValueMessage = new MessageType<KeyValueMessage>(keyValueFields)

const eventFields = {
  type: oneOf(1, 'PUT', 'DELETE'),
  kv: one(2, () => KeyValueMessage),
  prevKv: one(3, () => KeyValueMessage),
}
export type EventMessage = MessageOf<typeof eventFields>
export const EventMessage = new MessageType<EventMessage>(eventFields)

const rangeRequestFields = {
  key: bytes(1),
  rangeEnd: bytes(2),
  limit: int(3),
  revision: int(4),
  sortOrder: oneOf(5, 'NONE', 'ASCEND', 'DESCEND'),
  sortTarget: oneOf(6, 'KEY', 'VERSION', 'CREATE', 'MOD', 'VALUE'),
  serializable: bool(7),
  keysOnly: bool(8),
  countOnly: bool(9),
  minModRevision: int(10),
  maxModRevision: int(11),
  minCreateRevision: int(12),
  maxCreateRevision: int(13),
}
export type RangeRequest = MessageOf<typeof rangeRequestFields>
export const RangeRequest = new MessageType<RangeRequest>(rangeRequestFields)

const rangeResponseFields = {
  header,
  kvs: many(2, () => KeyValueMessage),
  more: bool(3),
  count: int(4),
}
export type RangeResponse = MessageOf<typeof rangeResponseFields>
export const RangeResponse = new MessageType<RangeResponse>(rangeResponseFields)

const putRequestFields = {
  key: bytes(1),
  value: bytes(2),
  lease: int64(3),
  prevKv: bool(4),
  ignoreValue: bool(5),
  ignoreLease: bool(6),
}
export type PutRequest = MessageOf<typeof putRequestFields>
export const PutRequest = new MessageType<PutRequest>(putRequestFields)

const putResponseFields = { header, prevKv: one(2, () => KeyValueMessage) }
export type PutResponse = MessageOf<typeof putResponseFields>
export const PutResponse = new MessageType<PutResponse>(putResponseFields)

const deleteRequestFields = { key: bytes(1), rangeEnd: bytes(2), prevKv: bool(3) }
export type DeleteRequest = MessageOf<typeof deleteRequestFields>
export const DeleteRequest = new MessageType<DeleteRequest>(deleteRequestFields)

const deleteResponseFields = { header, deleted: int(2), prevKvs: many(3, () => KeyValueMessage) }
export type DeleteResponse = MessageOf<typeof deleteResponseFields>
export const DeleteResponse = new MessageType<DeleteResponse>(deleteResponseFields)

const compareFields = {
  result: oneOf(1, 'EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL'),
  target: oneOf(2, 'VERSION', 'CREATE', 'MOD', 'VALUE', 'LEASE'),
  key: bytes(3),
  version: int(4),
  createRevision: int(5),
  modRevision: int(6),
  value: bytes(7),
  lease: int64(8),
  rangeEnd: bytes(64),
}
export type CompareMessage = MessageOf<typeof compareFields>
export const CompareMessage = new MessageType<CompareMessage>(compareFields)

/** Exactly one is set. */
export interface RequestOperation {
  range: RangeRequest | undefined
  put: PutRequest | undefined
  delete: DeleteRequest | undefined
  txn: TxnRequest | undefined
}
export interface TxnRequest {
  compare: CompareMessage[]
  success: RequestOperation[]
  failure: RequestOperation[]
}
export const RequestOperation: MessageType<RequestOperation> = new MessageType<RequestOperation>({
  range: named(
    'request_range',
    one(1, () => RangeRequest),
  ),
  put: named(
    'request_put',
    one(2, () => PutRequest),
  ),
  delete: named(
    'request_delete_range',
    one(3, () => DeleteRequest),
  ),
  txn: named(
    'request_txn',
    one(4, () => TxnRequest),
  ),
})
export const TxnRequest: MessageType<TxnRequest> = new MessageType<TxnRequest>({
  compare: many(1, () => CompareMessage),
  success: many(2, () => RequestOperation),
  failure: many(3, () => RequestOperation),
})

/** Exactly one is set. */
export interface ResponseOperation {
  range: RangeResponse | undefined
  put: PutResponse | undefined
  delete: DeleteResponse | undefined
  txn: TxnResponse | undefined
}
export interface TxnResponse {
  header: ResponseHeader | undefined
  succeeded: boolean
  responses: ResponseOperation[]
}
export const ResponseOperation: MessageType<ResponseOperation> = new MessageType<ResponseOperation>(
  {
    range: named(
      'response_range',
      one(1, () => RangeResponse),
    ),
    put: named(
      'response_put',
      one(2, () => PutResponse),
    ),
    delete: named(
      'response_delete_range',
      one(3, () => DeleteResponse),
    ),
    txn: named(
      'response_txn',
      one(4, () => TxnResponse),
    ),
  },
)
export const TxnResponse: MessageType<TxnResponse> = new MessageType<TxnResponse>({
  header,
  succeeded: bool(2),
  responses: many(3, () => ResponseOperation),
})

const compactRequestFields = { revision: int(1), physical: bool(2) }
export type CompactRequest = MessageOf<typeof compactRequestFields>
export const CompactRequest = new MessageType<CompactRequest>(compactRequestFields)

const watchCreateFields = {
  key: bytes(1),
  rangeEnd: bytes(2),
  startRevision: int(3),
  progressNotify: bool(4),
  /** What is not told. */
  filters: each(oneOf(5, 'NOPUT', 'NODELETE')),
  prevKv: bool(6),
  watchId: int(7),
  fragment: bool(8),
}
export type WatchCreate = MessageOf<typeof watchCreateFields>
export const WatchCreate = new MessageType<WatchCreate>(watchCreateFields)

const watchCancelFields = { watchId: int(1) }
export type WatchCancel = MessageOf<typeof watchCancelFields>
export const WatchCancel = new MessageType<WatchCancel>(watchCancelFields)

/** A message without fields. */
export type Nothing = Record<never, never>
export const Nothing = new MessageType<Nothing>({})

/** Exactly one is set. */
const watchRequestFields = {
  create: named(
    'create_request',
    one(1, () => WatchCreate),
  ),
  cancel: named(
    'cancel_request',
    one(2, () => WatchCancel),
  ),
  progress: named(
    'progress_request',
    one(3, () => Nothing),
  ),
}
export type WatchRequest = MessageOf<typeof watchRequestFields>
export const WatchRequest = new MessageType<WatchRequest>(watchRequestFields)

const watchResponseFields = {
  header,
  watchId: int(2),
  created: bool(3),
  canceled: bool(4),
  compactRevision: int(5),
  cancelReason: text(6),
  fragment: bool(7),
  events: many(11, () => EventMessage),
}
export type WatchResponse = MessageOf<typeof watchResponseFields>
export const WatchResponse = new MessageType<WatchResponse>(watchResponseFields)

const headerOnlyFields = { header }
/** What many calls answer: a header and nothing else. */
export type HeaderOnly = MessageOf<typeof headerOnlyFields>
export const HeaderOnly = new MessageType<HeaderOnly>(headerOnlyFields)
