/** Something in a policy that failed; whether that refuses the request is its failurePolicy's affair. */
export class PolicyFailure extends Error {
  override readonly name = 'PolicyFailure'
}
