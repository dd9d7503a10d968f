import type { ContainerUsage } from '../runtime/runtime.ts'

/** What a node and its containers have used, at one moment. */
export interface NodeUsage {
  readonly nodeName: string
  readonly wallMs: number
  readonly bootMs: number
  /** Of all cores, since the boot. */
  readonly cpuSeconds: number
  readonly memoryWorkingSetBytes: number
  readonly memoryAvailableBytes: number
  readonly containers: readonly ContainerUsage[]
}

interface PodUsage {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly containers: readonly ContainerUsage[]
}

function byPod(containers: readonly ContainerUsage[]): readonly PodUsage[] {
  const pods = new Map<string, PodUsage & { containers: ContainerUsage[] }>()
  for (const container of containers) {
    const { namespace, name, uid } = container.pod
    const found = pods.get(uid)
    if (found) found.containers.push(container)
    else pods.set(uid, { namespace, name, uid, containers: [container] })
  }
  return [...pods.values()]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[]
}

/** PURE: `/metrics/resource` in the text format of Prometheus (kubelet pkg/metrics/collectors/resource_metrics.go). */
export function resourceMetrics(usage: NodeUsage): string {
  const pods = byPod(usage.containers)
  const labelsOf = ({ pod, name }: ContainerUsage) => ({
    ...{ container: name, namespace: pod.namespace, pod: pod.name },
  })
  const podLabels = ({ namespace, name }: PodUsage) => ({ namespace, pod: name })
  const ofContainers = (value: (one: ContainerUsage) => number) =>
    usage.containers.map((one) => [labelsOf(one), value(one)] as const)
  const ofPods = (value: (one: ContainerUsage) => number) =>
    pods.map((one) => [podLabels(one), sum(one.containers.map(value))] as const)
  const cpuSeconds = (one: ContainerUsage) => one.cpuNanoseconds / 1e9
  const memory = (one: ContainerUsage) => one.memoryWorkingSetBytes
  const counter = (name: string, help: string, samples: Metric['samples']): Metric => ({
    ...({ name, help, type: 'counter', samples } as const),
  })
  const gauge = (name: string, help: string, samples: Metric['samples']): Metric => ({
    ...({ name, help, type: 'gauge', samples } as const),
  })
  const cpu = (of: string) => `Core-seconds of CPU that the ${of} has used`
  const bytes = (of: string) => `Bytes of memory that the ${of} cannot do without`
  return [
    counter('container_cpu_usage_seconds_total', cpu('container'), ofContainers(cpuSeconds)),
    gauge('container_memory_working_set_bytes', bytes('container'), ofContainers(memory)),
    gauge(
      'container_start_time_seconds',
      'When the container started, in seconds since 1970',
      ofContainers((one) => one.startedMs / 1000),
    ),
    counter('node_cpu_usage_seconds_total', cpu('node'), [[{}, usage.cpuSeconds]]),
    gauge('node_memory_working_set_bytes', bytes('node'), [[{}, usage.memoryWorkingSetBytes]]),
    counter('pod_cpu_usage_seconds_total', cpu('pod'), ofPods(cpuSeconds)),
    gauge('pod_memory_working_set_bytes', bytes('pod'), ofPods(memory)),
    gauge('resource_scrape_error', '1 if a figure could not be had', [[{}, 0]]),
  ]
    .map((metric) => printed(metric, usage.wallMs))
    .join('')
}

function printed({ name, help, type, samples }: Metric, wallMs: number): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}=${JSON.stringify(text)}`)
    const at = name === 'resource_scrape_error' ? '' : ` ${Math.round(wallMs)}`
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}${at}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

/** PURE: `/stats/summary` (kubelet pkg/apis/stats/v1alpha1/types.go). */
export function statsSummary(usage: NodeUsage): Record<string, unknown> {
  const time = new Date(usage.wallMs).toISOString()
  const cpuOf = (nanoseconds: number) => ({ time, usageCoreNanoSeconds: Math.round(nanoseconds) })
  const memoryOf = (workingSetBytes: number) => ({ time, workingSetBytes })
  return {
    node: {
      nodeName: usage.nodeName,
      startTime: new Date(usage.bootMs).toISOString(),
      cpu: cpuOf(usage.cpuSeconds * 1e9),
      memory: {
        ...memoryOf(usage.memoryWorkingSetBytes),
        availableBytes: usage.memoryAvailableBytes,
      },
    },
    pods: byPod(usage.containers).map(({ namespace, name, uid, containers }) => ({
      podRef: { name, namespace, uid },
      startTime: new Date(Math.min(...containers.map((one) => one.startedMs))).toISOString(),
      containers: containers.map((one) => ({
        name: one.name,
        startTime: new Date(one.startedMs).toISOString(),
        cpu: cpuOf(one.cpuNanoseconds),
        memory: memoryOf(one.memoryWorkingSetBytes),
      })),
      cpu: cpuOf(sum(containers.map((one) => one.cpuNanoseconds))),
      memory: memoryOf(sum(containers.map((one) => one.memoryWorkingSetBytes))),
    })),
  }
}
