import { collectDefaultMetrics, Registry } from 'prom-client'

/** One registry per process; parts create their own counters on it with prom-client's classes. */
export function createMetricsRegistry(labels: Record<string, string>): Registry {
  const registry = new Registry()
  registry.setDefaultLabels(labels)
  collectDefaultMetrics({ register: registry })
  return registry
}
export { Counter, Gauge, Histogram, type Registry } from 'prom-client'
