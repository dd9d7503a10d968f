/** Who asks, after authentication. */
export interface User {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
  /** Who acts as this user, for the audit log. */
  readonly impersonator?: User
}
