import { Counter, Gauge, Histogram, type Registry } from '../base/metrics.ts'
import type { Kind } from '../kinds/kind.ts'
import type { RequestInfo } from './context.ts'

const durationBuckets = [
  ...[0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30],
  ...[45, 60],
]

const requestLabels = [
  ...(['verb', 'dry_run', 'group', 'version', 'resource', 'subresource'] as const),
  ...(['scope', 'component'] as const),
]
type RequestLabel = (typeof requestLabels)[number]

/** What is under way, read when metrics are collected. */
export interface Load {
  readonly reading: number
  readonly writing: number
  readonly openWatches: number
}

export interface AnsweredRequest {
  readonly info: RequestInfo
  /** The kind that is served there; without it the path's names become no labels. */
  readonly kind: Pick<Kind, 'subresources'> | undefined
  readonly contentType: string
  readonly code: number
  readonly seconds: number
}

/** What one combination of labels counts with: found by one look-up, not by prom-client's sorting. */
interface Row {
  readonly seconds: Histogram.Internal<RequestLabel>
  readonly totals: Map<number, Counter.Internal>
}

/**
 * Counts and times of requests, under the names and labels that kube-apiserver uses, so that dashboards
 * and alerts work (apiserver pkg/endpoints/metrics/metrics.go). What callers make up never becomes a label.
 */
export class RequestMetrics {
  readonly #total: Counter<RequestLabel | 'code'>
  readonly #seconds: Histogram<RequestLabel>
  readonly #rows = new Map<string, Row>()

  constructor(registry: Registry, load: () => Load) {
    const registers = [registry]
    this.#total = new Counter({
      name: 'apiserver_request_total',
      help: 'Answered requests.',
      labelNames: [...requestLabels, 'code'],
      registers,
    })
    this.#seconds = new Histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'Time to the answer, or to the first byte of a stream.',
      labelNames: requestLabels,
      buckets: durationBuckets,
      registers,
    })
    new Gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests under way, streams left out.',
      labelNames: ['request_kind'],
      registers,
      collect() {
        this.set({ request_kind: 'readOnly' }, load().reading)
        this.set({ request_kind: 'mutating' }, load().writing)
      },
    })
    new Gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Open watches.',
      labelNames: ['verb'],
      registers,
      collect() {
        this.set({ verb: 'WATCH' }, load().openWatches)
      },
    })
  }

  answered({ info, kind, contentType, code, seconds }: AnsweredRequest): void {
    const labels = labelsOf(info, kind, contentType)
    const row = this.#rowOf(labels)
    row.seconds.observe(seconds)
    let total = row.totals.get(code)
    if (!total) {
      total = this.#total.labels({ ...labels, code: String(code) })
      row.totals.set(code, total)
    }
    total.inc()
  }

  #rowOf(labels: Record<RequestLabel, string>): Row {
    const key = Object.values(labels).join('\n')
    let row = this.#rows.get(key)
    if (!row) {
      row = { seconds: this.#seconds.labels(labels), totals: new Map() }
      this.#rows.set(key, row)
    }
    return row
  }
}

const component = 'apiserver'
const verbs: ReadonlyMap<string, string> = new Map([
  ...['get', 'list', 'watch', 'patch', 'delete', 'deletecollection'].map(
    (verb) => [verb, verb.toUpperCase()] as const,
  ),
  ...([
    ['create', 'POST'],
    ['update', 'PUT'],
    ['post', 'POST'],
    ['put', 'PUT'],
  ] as const),
])
const connects: ReadonlySet<string> = new Set(['log', 'exec', 'portforward', 'attach', 'proxy'])

/** Pure: the labels of a request. */
export function labelsOf(
  info: RequestInfo,
  kind: Pick<Kind, 'subresources'> | undefined,
  contentType: string,
): Record<RequestLabel, string> {
  const names = { group: '', version: '', resource: '', subresource: '' }
  if (info.isResource && kind) {
    const isServed = kind.subresources.some(({ name }) => name === info.subresource)
    const { group, version, resource } = info
    Object.assign(names, { group, version, resource })
    if (isServed) names.subresource = info.subresource
  }
  const verb = verbOf(info, names.subresource, contentType)
  return { verb, dry_run: dryRunOf(info), ...names, scope: scopeOf(info), component }
}

function verbOf(info: RequestInfo, subresource: string, contentType: string): string {
  if (connects.has(subresource)) return 'CONNECT'
  if (info.verb === 'patch' && contentType.startsWith('application/apply-patch')) return 'APPLY'
  return verbs.get(info.verb) ?? 'other'
}

function dryRunOf({ query }: RequestInfo): string {
  const asked = query.getAll('dryRun').filter((one) => one !== '')
  if (asked.length === 0) return ''
  return asked.every((one) => one === 'All') ? 'All' : 'invalid'
}

function scopeOf({ isResource, name, namespace, verb }: RequestInfo): string {
  if (!isResource) return ''
  if (name !== '' || verb === 'create') return 'resource'
  return namespace === '' ? 'cluster' : 'namespace'
}
