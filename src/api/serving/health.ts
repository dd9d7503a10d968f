import type { ApiResponse } from '../../client/transport.ts'
import { textResponse } from '../responses.ts'

/** One thing that must be well. */
export interface HealthCheck {
  readonly name: string
  /** `live`: else restart me. `ready`: else send nobody here. A live check counts for ready too. */
  readonly kind: 'live' | 'ready'
  /** Throws or rejects when it is not. */
  check(): void | Promise<void>
}

/**
 * Answers /healthz, /livez and /readyz, whole or for one check, with `?verbose` and `?exclude=`
 * (apiserver pkg/server/healthz/healthz.go). Why a check failed stays inside.
 */
export async function healthAnswer(
  which: string,
  path: string,
  checks: readonly HealthCheck[],
): Promise<ApiResponse> {
  const url = new URL(path, 'https://localhost')
  const wanted = url.pathname.split('/')[2] ?? ''
  const excluded = new Set(url.searchParams.getAll('exclude'))
  const asked = checks
    .filter((check) => which === 'readyz' || check.kind === 'live')
    .filter((check) => !excluded.has(check.name) && (wanted === '' || check.name === wanted))
  if (wanted !== '' && wanted !== 'ping' && asked.length === 0)
    return textResponse(404, '404 page not found\n')
  const results = await Promise.all(asked.map((check) => runCheck(check)))
  const failed = results.some((result) => !result.ok)
  const lines = ['[+]ping ok', ...results.map((result) => result.line)]
  const verdict = `${which} check ${failed ? 'failed' : 'passed'}`
  if (failed) return textResponse(500, `${lines.join('\n')}\n${verdict}\n`)
  return textResponse(
    200,
    url.searchParams.has('verbose') ? `${lines.join('\n')}\n${verdict}\n` : 'ok',
  )
}

async function runCheck(check: HealthCheck): Promise<{ ok: boolean; line: string }> {
  return Promise.resolve()
    .then(() => check.check())
    .then(
      () => ({ ok: true, line: `[+]${check.name} ok` }),
      () => ({ ok: false, line: `[-]${check.name} failed: reason withheld` }),
    )
}
