import type Docker from 'dockerode'
import type { ContainerState, ContainerUsage } from '../runtime.ts'
import { engineError, statusCodeOf } from './error.ts'

/** The engine reads the kernel's files for each: a few at a time. */
const askedAtOnce = 8

/** What running containers have used; one that ended meanwhile is left out. */
export async function dockerUsage(
  docker: Docker,
  containers: readonly ContainerState[],
): Promise<ContainerUsage[]> {
  const left = containers.filter((one) => one.state === 'running')
  const found: ContainerUsage[] = []
  const work = async () => {
    for (let one = left.shift(); one; one = left.shift()) {
      const usage = await usageOf(docker, one)
      if (usage) found.push(usage)
    }
  }
  await Promise.all(Array.from({ length: askedAtOnce }, work))
  return found
}

async function usageOf(docker: Docker, state: ContainerState): Promise<ContainerUsage | undefined> {
  const { id, pod, name, startedMs, createdMs } = state
  try {
    const container = docker.getContainer(id)
    const { cpu_stats, memory_stats } = await container.stats({ stream: false, 'one-shot': true })
    const figures: Readonly<Record<string, number | undefined>> = { ...memory_stats.stats }
    // Pages of files that nobody uses now can be had back: cgroup v1 and v2 name them differently.
    const inactive = figures['total_inactive_file'] ?? figures['inactive_file'] ?? 0
    return {
      ...{ id, pod, name, startedMs: startedMs ?? createdMs },
      cpuNanoseconds: cpu_stats.cpu_usage?.total_usage ?? 0,
      memoryWorkingSetBytes: Math.max(0, (memory_stats.usage ?? 0) - inactive),
    }
  } catch (error) {
    if (statusCodeOf(error) === 404 || statusCodeOf(error) === 409) return undefined
    throw engineError(error, 'Unavailable')
  }
}
