/** Something in a policy that failed; whether that refuses the request is its failurePolicy's affair. */
export class PolicyFailure extends Error {
  override readonly name = 'PolicyFailure'
  /** True for what is wrong with the binding and its parameters, whatever the request is. */
  readonly isConfiguration: boolean

  constructor(message: string, isConfiguration = false) {
    super(isConfiguration ? `failed to configure binding: ${message}` : message)
    this.isConfiguration = isConfiguration
  }
}
