/**
 * Every limit of the system, named with its unit. Past one of them: a clear error with a next step
 * or back-pressure, never a crash or a silent loss.
 */
const KiB = 1024
const MiB = 1024 * KiB

export const limits = {
  // Requests (Kubernetes v1.36 and etcd use the same figures where they have them)
  bodyBytesMax: 3 * MiB,
  /** Of a body that is too large, so much is read and dropped before the refusal. */
  bodyBytesDroppedMax: 32 * MiB,
  objectBytesMax: 1.5 * MiB,
  updateManagersMax: 10,
  jsonPatchOperationsMax: 10_000,
  jsonDepthMax: 128,
  /** Of what is parsed at all, known to a field or not: as deep as Go's parser goes. */
  jsonParsedDepthMax: 10_000,
  jsonDepthLookedAtBytesMin: 32 * KiB,
  /** Things inside each other in a YAML body: a parser that recurses is slow long before its stack ends. */
  yamlDepthMax: 1_000,
  requestsInFlightMax: 2_000,
  /** Of a request that is no watch, log or stream, its body included (kube-apiserver --request-timeout). */
  requestMsMax: 60_000,
  /** Of a connection: its TLS handshake, and the head of each request. */
  requestHeadMsMax: 32_000,
  /** A client that takes nothing of its answer for so long is gone. */
  answerStallMsMax: 60_000,
  /** A watch that does not say ends after this time up to twice as much (--min-request-timeout). */
  watchSecondsMin: 1_800,
  watchSecondsMax: 2_000_000,
  /** Under way at once, of all who are not exempt; kube-apiserver has 400 reads and 200 writes. */
  requestSeatsMax: 600,
  /** How long one may wait for a seat. */
  requestWaitMsMax: 15_000,
  watchesPerMemberMax: 20_000,
  sharedEventBytesMax: 16 * MiB,
  /** Of objects that somebody asked for as protobuf. */
  protobufMessagesBytesMax: 32 * MiB,
  otherVersionMessagesBytesMax: 1 * MiB,
  /** Longer answers are compressed for who takes that. */
  gzippedBytesMin: 128 * KiB,
  /** Of Secrets that were opened lately. */
  openedValuesBytesMax: 32 * MiB,
  headerBytesMax: 64 * KiB,
  bearerTokenBytesMax: 16 * KiB,
  /** OpenID Connect issuers: how long a document may take and be, how often keys are asked for. */
  oidcFetchMsMax: 5_000,
  oidcDocumentBytesMax: 1 * MiB,
  oidcRefreshMsMin: 10_000,

  /** Of one annotation in the audit log, as policies make them (apiserver: maxAuditAnnotationValueLength). */
  auditAnnotationLengthMax: 10 * KiB,

  // Extension: custom resources and expressions (figures of apiserver pkg/apis/cel/config.go)
  schemaDepthMax: 64,
  /** Bytes of a definition's warning that a version is deprecated (validation.go). */
  deprecationWarningBytesMax: 256,
  selectableFieldsMax: 8,
  celSourceCharactersMax: 100_000,
  celDepthMax: 100,
  celTreeDepthMax: 500,
  celCallCostMax: 1_000_000,
  celRequestCostMax: 10_000_000,
  /** Of all rules of a schema together: they are compiled and estimated in one go, in about 3 ms for 1,000. */
  schemaRuleCharactersMax: 100_000,
  /** What an expression, and all of a schema, may be taken to cost (apiextensions validation.go). */
  expressionEstimateMax: 10_000_000,
  schemaEstimateMax: 100_000_000,
  /** Steps of ours that may run for a unit of Kubernetes' cost: some of what costs nothing there takes time. */
  celWorkOfCost: 4,
  /** Of all conditions that say whether a webhook or a policy is asked. */
  celConditionsCostMax: 2_500_000,
  /** Of a message that an expression makes; a longer one is not shown. */
  celMessageBytesMax: 5 * KiB,
  policyKindsCheckedMax: 10,
  shownRecordsMax: 4_096,
  customEventBytesMax: 1 * MiB,
  webhookAnswerBytesMax: 6 * MiB,
  statsSummaryBytesMax: 8 * MiB,
  usageWindowMs: 1_000,
  remoteDiscoveryBytesMax: 8 * MiB,
  /** So long what an API server behind a Service said that it serves is taken for true. */
  remoteDiscoveryMsMax: 60_000,
  /** How long such a server may take to say it. */
  remoteDiscoveryAnswerMsMax: 5_000,

  // Store
  txnOperationsMax: 128,
  /** Of a transaction with all that is nested in it. */
  txnOperationsTotalMax: 4_096,
  keyBytesMax: 2 * KiB,
  /** etcd's shortest at its default election timeout, and its longest. */
  leaseTtlSecondsMin: 2,
  leaseTtlSecondsMax: 9_000_000_000,
  leasesMax: 100_000,
  /** Objects that expire share leases: apiserver pkg/storage/etcd3/lease_manager.go. */
  expiryLeaseSharedSeconds: 60,
  expiryLeaseKeysMax: 1_000,
  stateHashEntriesInterval: 512,
  stateHashesKept: 8_192,
  storeBytesMax: 8 * 1024 * MiB,
  historyEventsMax: 200_000,
  historyBytesMax: 256 * MiB,
  historyCheckpointEvents: 8_192,
  /** Of the history, what a snapshot carries: more than the log that is kept for members that lag. */
  snapshotHistoryEventsMax: 16_384,
  snapshotHistoryBytesMax: 48 * MiB,
  watcherBufferBytesMax: 4 * MiB,
  dedupeSessionsMax: 256,
  dedupeCommandsPerSessionMax: 8_192,

  // etcd's listener
  /** etcd's --max-request-bytes: of a put, a deletion or a transaction. */
  etcdProposalBytesMax: 1.5 * MiB,
  /** etcd's 1.5 MiB of a request and what it adds for its envelope. */
  etcdRequestBytesMax: 2 * MiB,
  /** The same as JSON, whose base64 is a third longer. */
  etcdJsonRequestBytesMax: 4 * MiB,
  /** Of all requests that are not complete yet. */
  etcdRequestBytesHeldMax: 256 * MiB,
  etcdWatchAnswerBytesMax: 2 * MiB,
  etcdStreamsPerConnectionMax: 1_000,
  /** All header fields of a call together, each with 32 bytes more. */
  etcdHeaderBytesMax: 16 * KiB,
  /** A connection that lets more than that pile up is closed. */
  etcdUnsentBytesMax: 8 * MiB,
  etcdWatchesPerMemberMax: 100_000,
  /**
   * A watch that asked for it hears of progress this often when nothing happens: so it goes on after a lost
   * connection from where the past is still known. As kubeadm sets etcd for kube-apiserver.
   */
  etcdProgressNotifyMs: 5_000,

  // Raft
  commandBytesMax: 2 * MiB,
  raftMessageBytesMax: 1 * MiB,
  raftInflightMessagesMax: 256,
  raftInflightBytesMax: 32 * MiB,
  raftUncommittedBytesMax: 64 * MiB,
  raftApplyBacklogEntriesMax: 5_000,
  raftApplyBytesMax: 16 * MiB,
  raftFrameBytesMax: 16 * MiB,
  raftPeerQueueBytesMax: 64 * MiB,
  proposalsInFlightMax: 4_096,
  proposalCommandsMax: 64,
  proposalBytesMax: 256 * KiB,
  walSegmentBytes: 16 * MiB,
  snapshotBlockBytes: 256 * KiB,
  snapshotEntriesInterval: 10_000,
  snapshotTrailingEntries: 5_000,
  snapshotTrailingBytes: 32 * MiB,
  snapshotLogBytesInterval: 64 * MiB,
  raftLogBytesMax: 1024 * MiB,

  // Controllers, scheduler, workers
  watchLineBytesMax: 8 * MiB,
  workQueueItemsMax: 100_000,
  schedulingQueuePodsMax: 200_000,
  schedulerBindingsInFlightMax: 64,
  schedulerPodCountersMax: 1_024,
  podsPerNodeMax: 110,
  eventsPerSourcePerSecondMax: 25,
  logLineBytesMax: 16 * KiB,
  terminationMessageBytesMax: 4 * KiB,
  execStreamsPerNodeMax: 256,
  spdyControlFrameBytesMax: 64 * KiB,
  spdyHeadersMax: 64,
  spdyStreamsPerSessionMax: 1_024,
  spdyStreamBufferBytesMax: 256 * KiB,
  streamsOpenMsMax: 30_000,
  portsPerForwardMax: 64,
  kubeletAnswerMsMax: 10_000,
  /** How long a kubelet waits until its request for a certificate is signed (client-go: 15 min). */
  certificateWaitMsMax: 15 * 60_000,
  streamFlushMsMax: 5_000,
  refusalBytesMax: 8 * KiB,
  proxyDialMsMax: 30_000,
  proxyPageBytesMax: 4 * MiB,
  proxySlicesReadMax: 5_000,
  proxyConnectionsMax: 4_096,
  proxyAffinityClientsPerServiceMax: 65_536,
  dnsQueriesInFlightMax: 4_096,
  dnsConnectionsMax: 256,
  dnsConnectionIdleMsMax: 10_000,
  dnsUpstreamMsMax: 2_000,

  // Statuses, as Kubernetes bounds them
  conditionReasonBytesMax: 1_024,
  conditionMessageBytesMax: 32 * KiB,
  attachmentMetadataBytesMax: 256 * KiB,
  volumeErrorBytesMax: 1_024,
  networkInterfaceNameBytesMax: 256,
  hardwareAddressBytesMax: 128,

  // Event loop
  eventLoopSliceMsMax: 10,
  /** Each then writes to its connection: some 50 µs of work. */
  watchersWokenPerSliceMax: 64,
  /** Between two rounds of wakes of more watchers than that: each finds more events, and writes once. */
  crowdedWakeMsMin: 25,
  /** However long such a round takes, the next one begins no later after its begin. */
  crowdedWakeMsMax: 100,
} as const
