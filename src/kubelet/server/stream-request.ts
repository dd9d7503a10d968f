import type { LogOptions } from '../runtime/runtime.ts'

/** PURE: what the paths and queries of logs and exec say. */
export interface StreamPath {
  readonly what: 'containerLogs' | 'exec'
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

/** `/containerLogs/<namespace>/<pod>/<container>` and `/exec/…`; undefined for other paths. */
export function parseStreamPath(path: string): StreamPath | undefined {
  const parts = path.split('/').slice(1)
  const [what, namespace, pod, container] = parts
  if (parts.length !== 4 || !namespace || !pod || !container) return undefined
  if (what !== 'containerLogs' && what !== 'exec') return undefined
  try {
    return {
      what,
      namespace: decodeURIComponent(namespace),
      pod: decodeURIComponent(pod),
      container: decodeURIComponent(container),
    }
  } catch {
    return undefined
  }
}

/** The API has checked the values; what is no number here counts as not given. */
export function parseLogQuery(
  query: URLSearchParams,
  nowMs: number,
): { readonly options: LogOptions; readonly previous: boolean } {
  const number = (name: string) => {
    const text = query.get(name) ?? ''
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined
  }
  const flag = (name: string) => /^(1|true)$/.test(query.get(name) ?? '')
  const sinceSeconds = number('sinceSeconds')
  const sinceTime = Date.parse(query.get('sinceTime') ?? '')
  const sinceMs = sinceSeconds === undefined ? sinceTime : nowMs - sinceSeconds * 1000
  return {
    previous: flag('previous'),
    options: {
      follow: flag('follow'),
      timestamps: flag('timestamps'),
      tailLines: number('tailLines'),
      sinceMs: Number.isNaN(sinceMs) ? undefined : sinceMs,
      bytesMax: number('limitBytes'),
    },
  }
}
