import type { ApiResponse } from '../../client/transport.ts'
import { pageNotFound, plainResponse } from '../responses.ts'

/** `livez`: else restart me. `readyz`: else send nobody here. `healthz` is what came before both. */
export type HealthPath = 'healthz' | 'livez' | 'readyz'

/** One thing that must be well. */
export interface HealthCheck {
  /** As kube-apiserver has it, where it has it; may hold slashes. */
  readonly name: string
  readonly paths: readonly HealthPath[]
  /** Throws or rejects when it is not. */
  check(): void | Promise<void>
}

/** Says that there is a server. */
const ping: HealthCheck = { name: 'ping', paths: ['healthz', 'livez', 'readyz'], check: () => {} }

/** Which of the health paths a path is or is below; undefined for every other path. PURE. */
export function healthPathOf(
  path: string,
): { readonly root: HealthPath; readonly check: string } | undefined {
  const match = /^\/(healthz|livez|readyz)(?:\/([^?]*))?(?:\?|$)/.exec(path)
  return match ? { root: match[1] as HealthPath, check: match[2] ?? '' } : undefined
}

/** What `/readyz` and the like ask for. */
export interface HealthQuestion {
  readonly root: HealthPath
  /** '' for all checks. */
  readonly check: string
  readonly query: URLSearchParams
}

/**
 * Answers for all checks of a path, with `?verbose` and `?exclude=`, or for a single one
 * (apiserver pkg/server/healthz/healthz.go). Why a check failed is told only to who asks for that check,
 * which needs a right of its own.
 */
export async function healthAnswer(
  { root, check, query }: HealthQuestion,
  all: readonly HealthCheck[],
): Promise<ApiResponse> {
  const checks = [ping, ...all].filter(({ paths }) => paths.includes(root))
  if (check !== '') return singleAnswer(checks.find(({ name }) => name === check))
  const excluded = new Set(query.getAll('exclude'))
  const results = await Promise.all(checks.map((one) => runCheck(one, excluded.has(one.name))))
  const lines = results.map(({ line }) => line)
  const unknown = [...excluded].filter((name) => !checks.some((one) => one.name === name))
  if (unknown.length > 0) lines.push(excludesNothing(unknown))
  if (results.some(({ problem }) => problem !== undefined))
    return plainResponse(500, `${lines.join('\n')}\n${root} check failed\n`)
  return plainResponse(
    200,
    query.has('verbose') ? `${lines.join('\n')}\n${root} check passed\n` : 'ok',
  )
}

async function singleAnswer(check: HealthCheck | undefined): Promise<ApiResponse> {
  if (!check) return pageNotFound()
  const { problem } = await runCheck(check, false)
  return problem === undefined
    ? plainResponse(200, 'ok')
    : plainResponse(500, `internal server error: ${problem}\n`)
}

function excludesNothing(names: readonly string[]): string {
  const quoted = names.map((name) => JSON.stringify(name)).join(',')
  return `warn: some health checks cannot be excluded: no matches for ${quoted}`
}

interface CheckResult {
  readonly line: string
  /** Undefined when it is well. */
  readonly problem?: string
}

async function runCheck({ name, check }: HealthCheck, isExcluded: boolean): Promise<CheckResult> {
  if (isExcluded) return { line: `[+]${name} excluded: ok` }
  try {
    await check()
    return { line: `[+]${name} ok` }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return { line: `[-]${name} failed: reason withheld`, problem }
  }
}
