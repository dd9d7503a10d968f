import { Counter, Gauge, Histogram, type Registry } from '../base/metrics.ts'
import { kindOfResource } from '../kinds/scheme.ts'
import type { RequestInfo } from './context.ts'

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What is under way, read when metrics are collected. */
export interface Load {
  readonly reading: number
  readonly writing: number
  readonly openWatches: number
}

/**
 * Counts and times of requests, under the names that kube-apiserver uses, so that dashboards work.
 * Names that callers choose never become labels.
 */
export class RequestMetrics {
  readonly #total: Counter<'verb' | 'resource' | 'code'>
  readonly #seconds: Histogram<'verb' | 'resource'>

  constructor(registry: Registry, load: () => Load) {
    const registers = [registry]
    this.#total = new Counter({
      name: 'apiserver_request_total',
      help: 'Answered requests.',
      labelNames: ['verb', 'resource', 'code'],
      registers,
    })
    this.#seconds = new Histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'Time to the answer, or to the first byte of a stream.',
      labelNames: ['verb', 'resource'],
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

  answered(info: RequestInfo, code: number, seconds: number): void {
    const { verb } = info
    const resource = resourceLabel(info)
    this.#total.inc({ verb, resource, code: String(code) })
    this.#seconds.observe({ verb, resource }, seconds)
  }
}

function resourceLabel({ isResource, group, version, resource, subresource }: RequestInfo): string {
  if (!isResource) return ''
  const kind = kindOfResource(group, version, resource)
  if (!kind) return 'other'
  const known = kind.subresources.some((one) => one.name === subresource)
  return known ? `${resource}/${subresource}` : resource
}
