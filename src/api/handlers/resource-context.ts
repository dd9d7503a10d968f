import { limits } from '../../base/limits.ts'
import type { AnyObject, Kind } from '../../kinds/kind.ts'
import type { Compare, Operation } from '../../state/cluster-store.ts'
import type { HandlerContext } from '../context.ts'
import { methodNotAllowed, tooManyRequests } from '../errors.ts'
import { type MadeBefore, type Representation, representationAs } from '../representation.ts'
import type { ExpiryLeases } from './expiry-leases.ts'
import type { ObjectStorage } from './object-storage.ts'
import type { EventFrames } from './watch/event-frames.ts'

/** What all requests of one API share. */
export interface Shared extends MadeBefore {
  /** Webhooks and policies. */
  readonly dynamic: DynamicAdmission
  readonly storage: ObjectStorage
  readonly expiry: ExpiryLeases
  readonly watches: WatchCount
  readonly frames: EventFrames
  readonly admission: Admission
  /** The same for objects of another kind. */
  ofKind(kind: Kind): Pick<Shared, 'storage' | 'parsed'>
}

/** A request for a resource that exists. */
export interface ResourceContext extends HandlerContext {
  readonly kind: Kind
  readonly shared: Shared
}

/** Completes and judges objects beyond their own kind's rules: see `admission/`. May change `object`. */
export interface Admission {
  create(context: ResourceContext, object: AnyObject): void
  /** As `create`, for an object that is to take the place of `old`. */
  update(context: ResourceContext, object: AnyObject, old: AnyObject): void
  /**
   * Refuses, by throwing, a write from `old` (undefined for a creation) to `object` (undefined for a
   * deletion).
   */
  judge(context: ResourceContext, object: AnyObject | undefined, old: AnyObject | undefined): void
  /** Has writes that would compete for the same record go one by one. */
  inTurn<T>(context: ResourceContext, write: () => Promise<T>): Promise<T>
  /**
   * What must be claimed or released in the same transaction as the write from `old` (undefined for
   * a creation) to `object` (undefined for a deletion). May complete `object`.
   */
  claims(
    context: ResourceContext,
    object: AnyObject | undefined,
    old: AnyObject | undefined,
  ): Claims
}

export type AdmittedOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

/** What admission is asked about (apiserver pkg/admission/attributes.go). */
export interface Attributes {
  readonly context: ResourceContext
  readonly operation: AdmittedOperation
  /** Undefined for a deletion. */
  readonly object: AnyObject | undefined
  /** Undefined for a creation. */
  readonly old: AnyObject | undefined
  readonly dryRun: boolean
  /** Of the object, where it is not the one of the objects: none yet, or none of a whole collection. */
  readonly name?: string
  /** An object of meta.k8s.io/v1, where it is not the one that the query says; null for none. */
  readonly requestOptions?: object | null
  /** What the objects are, where it is not the resource's kind: a Scale, a Binding, options of a stream. */
  readonly objectKind?: ObjectKind
  /** Another version of the resource, in which the objects are here. */
  readonly seenAs?: Kind
}

export type ObjectKind = Pick<Kind, 'group' | 'version' | 'kind' | 'definition'>

/** Admission that the cluster's users configure: policies first, then webhooks. */
export interface DynamicAdmission {
  /**
   * The object as it is to go on; undefined for a deletion. `complete` is asked once more when it was changed:
   * what the cluster's own plugins give to every object, and then who wants to see it again is asked again.
   * Throws refusals.
   */
  mutate(
    attributes: Attributes,
    complete?: (object: AnyObject) => void | Promise<void>,
  ): Promise<AnyObject | undefined>
  /** Throws the refusal. */
  validate(attributes: Attributes): Promise<void>
}

/** What goes into the same transaction as an object: address claims of services. */
export interface Claims {
  readonly compares: readonly Compare[]
  readonly operations: readonly Operation[]
}

export const noClaims: Claims = { compares: [], operations: [] }

/** The watches that are open, so that there is a limit to them. */
export class WatchCount {
  #open = 0

  get open(): number {
    return this.#open
  }

  /** Throws TooManyRequests at the limit. Returns what counts the watch out. */
  enter(): () => void {
    this.check()
    this.#open += 1
    let left = false
    return () => {
      if (left) return
      left = true
      this.#open -= 1
    }
  }

  check(): void {
    if (this.#open >= limits.watchesPerMemberMax) throw tooManyRequests()
  }
}

/** The form that the caller's Accept header asks for. Throws NotAcceptable. */
export function representationOf(context: ResourceContext): Representation {
  return representationAs(context, context.kind, context.shared)
}

export function requireVerb(kind: Kind, verb: Kind['verbs'][number]): void {
  if (!kind.verbs.includes(verb)) throw methodNotAllowed()
}
