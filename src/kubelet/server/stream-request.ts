import type { LogOptions } from '../runtime/runtime.ts'

/** PURE: what the paths and queries of logs and streams say. */
export interface StreamPath {
  readonly what: 'containerLogs' | 'exec' | 'attach' | 'portForward'
  readonly namespace: string
  readonly pod: string
  /** '' for a port-forward, which is the whole pod's. */
  readonly container: string
}

const kinds: readonly StreamPath['what'][] = ['containerLogs', 'exec', 'attach', 'portForward']

/** `/exec/<namespace>/<pod>/<container>` and the like; undefined for other paths. */
export function parseStreamPath(path: string): StreamPath | undefined {
  const [first, ...rest] = path.split('/').slice(1)
  const what = kinds.find((one) => one === first)
  const names = rest.map(decoded)
  const [namespace, pod, container = ''] = names
  if (!what || !namespace || !pod || names.length !== (what === 'portForward' ? 2 : 3))
    return undefined
  if (what !== 'portForward' && container === '') return undefined
  return { what, namespace, pod, container }
}

/** '' for a segment that is no percent-encoding. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
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
