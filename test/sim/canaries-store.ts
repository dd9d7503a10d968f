import { ProposerReads } from '../../src/api/raft-store/proposer-reads.ts'
import type { Revision } from '../../src/base/brand.ts'
import type { DiskFile } from '../../src/base/disk.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { SnapshotFiles } from '../../src/raft/wal/snapshot-files.ts'
import { type Vote, VoteFile } from '../../src/raft/wal/vote-file.ts'
import { Wal, type WalBatch } from '../../src/raft/wal/wal.ts'
import type { StoreEvent, StoreWatcher, WatchOptions } from '../../src/state/cluster-store.ts'
import { DedupeTable } from '../../src/state/dedupe.ts'
import { HashVotes } from '../../src/state/hash-votes.ts'
import type { Past } from '../../src/state/history.ts'
import { type LogEntry, Machine } from '../../src/state/machine.ts'
import { WatchWindow } from '../../src/state/watch-window.ts'
import type { Canary } from './canaries.ts'
import { all, replaceMethod } from './plant.ts'
import { ProcessDisk } from './sim-disk.ts'
import { aboutElections } from './swarm.ts'

/** Planted in the log on disk, the state machine, reads and watches. */
export const storeCanaries: readonly Canary[] = [
  {
    name: 'vote-not-synced',
    what: 'a vote leaves before either of its copies is on disk',
    about: (swarm, random) => ({
      ...aboutElections(swarm, random),
      cutsAfter: { vote: 0.3, append: 0 },
    }),
    plant: () =>
      all(
        replaceMethod(
          Wal.prototype,
          'append',
          (original) =>
            function (this: Wal, batch: WalBatch) {
              const durable = original.call(this, batch)
              if (batch.entries.length > 0 || batch.snapshot) return durable
              durable.catch(() => {})
              return Promise.resolve()
            },
        ),
        replaceMethod(
          VoteFile.prototype,
          'remember',
          (original) =>
            function (this: VoteFile, vote: Vote) {
              original.call(this, vote).catch(() => {})
              return Promise.resolve()
            },
        ),
      ),
  },
  {
    name: 'acknowledged-before-sync',
    what: 'entries are acknowledged before they are on disk',
    about: aboutElections,
    plant: () =>
      replaceMethod(
        Wal.prototype,
        'append',
        (original) =>
          function (this: Wal, batch: WalBatch) {
            const durable = original.call(this, batch)
            if (batch.snapshot) return durable
            durable.catch(() => {})
            return Promise.resolve()
          },
      ),
  },
  { name: 'log-not-synced', what: 'fdatasync of the log is left out', plant: () => noSync('.wal') },
  {
    name: 'snapshot-not-synced',
    what: 'fdatasync of a snapshot is left out',
    plant: () => noSync('.tmp'),
  },
  {
    name: 'directory-not-synced',
    what: 'new names are never made durable',
    plant: () =>
      replaceMethod(ProcessDisk.prototype, 'syncDirectory', () => () => Promise.resolve()),
  },
  {
    name: 'snapshot-released-early',
    what: 'the log is cut while the snapshot is still being written',
    plant: () =>
      replaceMethod(
        SnapshotFiles.prototype,
        'write',
        (original) =>
          function (this: SnapshotFiles, ...args: Parameters<SnapshotFiles['write']>) {
            original.call(this, ...args).catch(() => {})
            return Promise.resolve()
          },
      ),
  },
  {
    name: 'term-not-stored',
    what: 'a higher term is forgotten by a restart',
    plant: () =>
      replaceMethod(
        Wal.prototype,
        'append',
        (original) =>
          function (this: Wal, batch: WalBatch) {
            return original.call(this, { ...batch, hardState: undefined })
          },
      ),
  },
  {
    name: 'duplicated-apply',
    what: 'a command that is in the log twice is applied twice',
    plant: () => replaceMethod(DedupeTable.prototype, 'judge', () => () => 'new'),
  },
  {
    name: 'sessions-lost-by-snapshot',
    what: 'a member restored from a snapshot has forgotten which commands were applied',
    plant: () => replaceMethod(DedupeTable, 'unpack', (original) => () => original([])),
  },
  {
    name: 'session-shared',
    what: 'two lives of members use the same session',
    plant: () =>
      replaceMethod(
        SeededRandom.prototype,
        'integer',
        (original) =>
          function (this: SeededRandom, low: number, high: number) {
            const drawn = original.call(this, low, high)
            return low === 1 && high === 2 ** 47 ? 7 : drawn
          },
      ),
  },
  {
    name: 'state-depends-on-the-member',
    what: 'once in a while a member loses a command when it applies it',
    plant: () => {
      let applied = 0
      return replaceMethod(
        Machine.prototype,
        'apply',
        (original) =>
          function (this: Machine, entry: LogEntry, nowMs?: number) {
            applied += 1
            const command = applied % 500 === 0 ? new Uint8Array(0) : entry.command
            return original.call(this, { ...entry, command }, nowMs)
          },
      )
    },
  },
  {
    name: 'divergence-unnoticed',
    what: 'a member that a majority contradicts goes on',
    plant: () => replaceMethod(HashVotes.prototype, 'verdict', () => () => undefined),
  },
  {
    name: 'local-read',
    what: 'a read does not ask the leader',
    plant: () => replaceMethod(ProposerReads.prototype, 'barrier', () => () => Promise.resolve()),
  },
  {
    name: 'stale-watch-resume',
    what: 'a watch that goes on elsewhere skips a revision',
    plant: () =>
      replaceMethod(
        WatchWindow.prototype,
        'watch',
        (original) =>
          function (this: WatchWindow, options: WatchOptions) {
            const isBehind = options.afterRevision + 1 < this.revision
            const afterRevision = options.afterRevision + (isBehind ? 1 : 0)
            return original.call(this, { ...options, afterRevision } as WatchOptions)
          },
      ),
  },
  {
    name: 'watch-beyond-history',
    what: 'a watch from before the history begins where history does',
    plant: () =>
      replaceMethod(
        WatchWindow.prototype,
        'watch',
        (original) =>
          function (this: WatchWindow, options: WatchOptions) {
            const afterRevision = Math.max(options.afterRevision, this.floor)
            return original.call(this, { ...options, afterRevision } as WatchOptions)
          },
      ),
  },
  {
    name: 'restored-history-lacks-its-last-event',
    what: 'the history in a snapshot misses the event that made its revision',
    plant: () =>
      replaceMethod(
        WatchWindow.prototype,
        'reset',
        (original) =>
          function (this: WatchWindow, revision: Revision, past?: Past) {
            const events = past?.events.slice(0, -1) ?? []
            return original.call(this, revision, past && { ...past, events })
          },
      ),
  },
  {
    name: 'slow-watcher-misses-events',
    what: 'a watcher that fell out of the history goes on without a word',
    plant: () =>
      watchers((inner) => ({
        poll: (bytesMax) => {
          try {
            return inner.poll(bytesMax)
          } catch {
            return []
          }
        },
      })),
  },
  {
    name: 'bookmark-ahead-of-events',
    what: 'a bookmark carries a revision whose events are still to come',
    plant: () =>
      watchers((_inner, window) => ({
        poll: () => [],
        progress: () => window.revision,
      })),
  },
  {
    name: 'event-twice',
    what: 'a watcher gets its last event again',
    plant: () =>
      watchers((inner) => {
        let last: StoreEvent | undefined
        let polls = 0
        return {
          poll: (bytesMax) => {
            polls += 1
            if (last && polls % 20 === 0) return [last]
            const events = inner.poll(bytesMax)
            last = events.at(-1) ?? last
            return events
          },
        }
      }),
  },
  {
    name: 'revision-in-parts',
    what: 'a watcher gets a transaction of several keys in parts',
    plant: () =>
      watchers((inner) => {
        let held: readonly StoreEvent[] = []
        return {
          poll: (bytesMax) => {
            if (held.length === 0) held = inner.poll(bytesMax)
            const [first, ...rest] = held
            held = rest
            return first ? [first] : []
          },
        }
      }),
  },
  {
    name: 'previous-value-missing',
    what: 'an update looks like a creation',
    plant: () =>
      watchers((inner) => ({
        poll: (bytesMax) =>
          inner
            .poll(bytesMax)
            .map((event) =>
              event.revision % 50 === 0 ? { ...event, previous: undefined } : event,
            ),
      })),
  },
]

function noSync(ending: string): () => void {
  return replaceMethod(
    ProcessDisk.prototype,
    'open',
    (original) =>
      async function (this: ProcessDisk, path: string, mode: 'existing' | 'create') {
        const file: DiskFile = await original.call(this, path, mode)
        return path.endsWith(ending) ? { ...file, sync: () => Promise.resolve() } : file
      },
  )
}

interface WatcherPatch {
  poll(bytesMax: number): readonly StoreEvent[]
  progress?(): number
}

function watchers(patch: (inner: StoreWatcher, window: WatchWindow) => WatcherPatch): () => void {
  return replaceMethod(
    WatchWindow.prototype,
    'watch',
    (original) =>
      function (this: WatchWindow, options: WatchOptions) {
        const inner: StoreWatcher = original.call(this, options)
        const patched = patch(inner, this)
        return {
          poll: (bytesMax: number) => patched.poll(bytesMax),
          get progress() {
            return patched.progress?.() ?? inner.progress
          },
          close: () => inner.close(),
        }
      },
  )
}
