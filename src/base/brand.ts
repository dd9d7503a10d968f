/** Nominal numbers: a term cannot be passed where a log index is asked for, at no run-time cost. */
declare const brand: unique symbol
export type Brand<Base, Name extends string> = Base & { readonly [brand]?: Name }

/** A Raft term. Grows with every election; 0 before the first. */
export type Term = Brand<number, 'Term'>
/** A position in the Raft log. The first entry has index 1. */
export type LogIndex = Brand<number, 'LogIndex'>
/** A store revision: one per write transaction, from 1 on. A resourceVersion is one, as text. */
export type Revision = Brand<number, 'Revision'>
/** The identity of a Raft member: a positive integer. 0 means nobody. */
export type MemberId = Brand<number, 'MemberId'>
