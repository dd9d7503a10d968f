import type { MemberId } from '../../base/brand.ts'

/** Where a member is to be found, and the name that its certificate must carry. */
export interface MemberAddress {
  readonly id: MemberId
  /** The common name of its certificate; undefined for a member that joined without saying. */
  readonly name?: string | undefined
  /** host:port */
  readonly raftAddress: string
}
