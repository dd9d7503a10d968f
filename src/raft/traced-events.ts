import type { RaftTrace } from './core/config.ts'

/** What of the core's trace goes into the flight record. */
export const tracedEvents: ReadonlySet<RaftTrace['event']> = new Set<RaftTrace['event']>([
  'became-follower',
  'became-pre-candidate',
  'became-candidate',
  'became-leader',
  'leader-lost-hint',
  'transfer-started',
  'snapshot-sent',
  'snapshot-restored',
  'config-switched',
  'quorum-inactive',
])
