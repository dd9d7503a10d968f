/** A failure that the person at the keyboard can mend: one message and the next step. Exit code 1. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly nextStep: string

  constructor(message: string, nextStep: string) {
    super(message)
    this.nextStep = nextStep
  }
}
