import { RuntimeError, type RuntimeErrorReason } from '../runtime.ts'

interface EngineFailure {
  readonly statusCode?: number
  readonly code?: string
  readonly json?: { readonly message?: string }
  readonly message?: string
}

/** Waits for what the engine answers; refusals become RuntimeErrors. */
export async function engineCall<T>(answer: Promise<T>, otherwise: RuntimeErrorReason): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw engineError(error, otherwise)
  }
}

export function engineError(error: unknown, otherwise: RuntimeErrorReason): RuntimeError {
  if (error instanceof RuntimeError) return error
  const failure = error as EngineFailure
  const message = failure.json?.message ?? failure.message ?? String(error)
  if (failure.statusCode === undefined)
    return new RuntimeError('Unavailable', `container engine: ${message}`, { cause: error })
  if (failure.statusCode === 404)
    return new RuntimeError(/image/i.test(message) ? 'ImageNotPresent' : 'NotFound', message)
  return new RuntimeError(otherwise, message)
}

/** Codes that mean: it was so already. */
export async function unlessGone(
  answer: Promise<unknown>,
  codes: readonly number[] = [304, 404, 409],
): Promise<void> {
  try {
    await answer
  } catch (error) {
    const { statusCode } = error as EngineFailure
    if (statusCode === undefined || !codes.includes(statusCode))
      throw engineError(error, 'Unavailable')
  }
}

export function statusCodeOf(error: unknown): number | undefined {
  return (error as EngineFailure).statusCode
}
