import type { LogIndex, MemberId, Term } from '../../base/brand.ts'
import { type Status, StatusError } from '../../base/status.ts'
import type { CommittedEntry, LeadershipView, MembershipChange, ReplicaStatus } from '../replica.ts'
import type { ReplicaSettings } from '../replica-options.ts'

/** What the main thread asks of the Raft thread. Everything with an `id` is answered by `Answer`. */
export type Request =
  | { readonly kind: 'start'; readonly id: number }
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'read-index'; readonly id: number }
  | { readonly kind: 'propose'; readonly ids: readonly number[]; readonly commands: PackedBytes }
  | { readonly kind: 'applied'; readonly index: LogIndex }
  | { readonly kind: 'transfer'; readonly id: number; readonly to: MemberId }
  | { readonly kind: 'change'; readonly id: number; readonly change: MembershipChange }
  | { readonly kind: 'discard'; readonly id: number; readonly why: string }
  | {
      readonly kind: 'save-snapshot'
      readonly id: number
      readonly index: LogIndex
      readonly term: Term
      readonly stream: number
    }
  | StreamMessage
  | Answer

/** What the Raft thread says. */
export type Notice =
  | { readonly kind: 'committed'; readonly entries: PackedEntries }
  | { readonly kind: 'leadership'; readonly view: LeadershipView }
  | { readonly kind: 'status'; readonly status: ReplicaStatus }
  | { readonly kind: 'snapshot-wanted' }
  | { readonly kind: 'failed'; readonly error: PackedError }
  | {
      readonly kind: 'restored'
      readonly id: number
      readonly index: LogIndex
      readonly term: Term
      readonly stream: number
    }
  | { readonly kind: 'flight'; readonly component: string; readonly event: string; fields: unknown }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly fields: Readonly<Record<string, unknown>>
      readonly message: string
    }
  | StreamMessage
  | Answer

export interface Answer {
  readonly kind: 'answer'
  readonly id: number
  readonly value?: number | undefined
  readonly error?: PackedError | undefined
}

/** Snapshot blocks go to the other thread one at a time, when it asks for them. */
export type StreamMessage =
  | { readonly kind: 'pull'; readonly stream: number }
  | { readonly kind: 'left'; readonly stream: number }
  | { readonly kind: 'block'; readonly stream: number; readonly bytes: Uint8Array | undefined }
  | { readonly kind: 'broken'; readonly stream: number; readonly error: PackedError }

export interface ThreadData {
  readonly settings: ReplicaSettings
  readonly logsDebug: boolean
}

/** Many byte strings in one buffer that changes hands without a copy. */
export interface PackedBytes {
  readonly bytes: Uint8Array
  readonly lengths: readonly number[]
}

export interface PackedEntries {
  readonly firstIndex: LogIndex
  readonly terms: readonly Term[]
  readonly commands: PackedBytes
}

export interface PackedError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly status: Status | undefined
  /** Of a failed system call, such as EADDRINUSE. */
  readonly code: string | undefined
}

/** Copies once: a view into a shared pool cannot be handed over, and would be copied whole. */
export function packBytes(parts: readonly Uint8Array[]): PackedBytes {
  const lengths = parts.map((part) => part.length)
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return { bytes, lengths }
}

export function unpackBytes({ bytes, lengths }: PackedBytes): Uint8Array[] {
  let at = 0
  return lengths.map((length) => {
    at += length
    return bytes.subarray(at - length, at)
  })
}

export function packEntries(entries: readonly CommittedEntry[]): PackedEntries {
  return {
    firstIndex: entries[0]?.index ?? (0 as LogIndex),
    terms: entries.map(({ term }) => term),
    commands: packBytes(entries.map(({ command }) => command)),
  }
}

export function unpackEntries({ firstIndex, terms, commands }: PackedEntries): CommittedEntry[] {
  return unpackBytes(commands).map((command, at) => ({
    index: (firstIndex + at) as LogIndex,
    term: terms[at] ?? (0 as Term),
    command,
  }))
}

export function packError(error: unknown): PackedError {
  const known = error instanceof Error ? error : new Error(String(error))
  const { name, message, stack, code } = known as NodeJS.ErrnoException
  const status = error instanceof StatusError ? error.status : undefined
  return { name, message, stack, status, code: typeof code === 'string' ? code : undefined }
}

export function unpackError(packed: PackedError): Error {
  if (packed.status) return new StatusError(packed.status)
  const error = new Error(packed.message)
  error.name = packed.name
  if (packed.stack !== undefined) error.stack = packed.stack
  return packed.code === undefined ? error : Object.assign(error, { code: packed.code })
}

/** The bytes, for another thread to have: the same ones where they have a buffer for themselves. */
export function movable(bytes: Uint8Array): Uint8Array {
  const isWhole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength
  return isWhole ? bytes : packBytes([bytes]).bytes
}

/** The buffers that a message may take along instead of copying them. */
export function transferable(message: Request | Notice): ArrayBuffer[] {
  if (message.kind === 'propose') return [message.commands.bytes.buffer as ArrayBuffer]
  if (message.kind === 'committed') return [message.entries.commands.bytes.buffer as ArrayBuffer]
  if (message.kind === 'block' && message.bytes) return [message.bytes.buffer as ArrayBuffer]
  return []
}
