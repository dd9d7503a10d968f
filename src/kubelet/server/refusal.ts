import { RuntimeError } from '../runtime/runtime.ts'

/** What a master is told instead of an answer: an HTTP code and a text. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const gone = error instanceof RuntimeError && error.reason === 'NotFound'
  return new Refusal(gone ? 404 : 500, error instanceof Error ? error.message : String(error))
}
