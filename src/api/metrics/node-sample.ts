import type { IncomingMessage } from 'node:http'
import { limits } from '../../base/limits.ts'
import { StatusError } from '../../base/status.ts'
import { isObject, type JsonObject } from '../../kinds/structural/schema-props.ts'
import type { ApiOptions } from '../context.ts'
import { answerOf, kubeletRequest } from '../subresources/kubelet-request.ts'
import { findKubelet } from '../subresources/pod-container.ts'

/** A rate and an amount, as they are now. */
export interface Usage {
  readonly cpuNanoCores: number
  readonly memoryBytes: number
}

export interface ContainerSample extends Usage {
  readonly name: string
}

/** What a node uses, and what its containers use by the uid of their pod. */
export interface NodeSample {
  readonly node: Usage
  readonly pods: ReadonlyMap<string, readonly ContainerSample[]>
}

/**
 * Asks a node's kubelet twice, as it tells what was used since the start; undefined when it does not
 * answer, or not with a summary.
 */
export async function sampleNode(
  options: ApiOptions,
  node: string,
  windowMs: number,
): Promise<NodeSample | undefined> {
  const before = await askSummary(options, node)
  if (!before) return undefined
  await new Promise<void>((resolve) => options.clock.after(windowMs, resolve))
  const after = await askSummary(options, node)
  return after && sampleOf(before, after)
}

/** What the summaries `before` and `after` say of the time between them. Pure. */
export function sampleOf(before: JsonObject, after: JsonObject): NodeSample {
  const earlier = new Map(podsOf(before).map((pod) => [uidOf(pod), pod]))
  const pods = podsOf(after).map((pod): [string, ContainerSample[]] => {
    const known = listOf(earlier.get(uidOf(pod)), 'containers')
    const containers = listOf(pod, 'containers').map((one) => ({
      name: String(one['name']),
      ...usageOf(
        known.find(({ name }) => name === one['name']),
        one,
      ),
    }))
    return [uidOf(pod), containers]
  })
  return { node: usageOf(objectOf(before, 'node'), objectOf(after, 'node')), pods: new Map(pods) }
}

/** A container that began or began anew in between has no rate yet. */
function usageOf(before: JsonObject | undefined, after: JsonObject | undefined): Usage {
  const tookMs = timeOf(after) - timeOf(before)
  const usedNanos =
    numberOf(objectOf(after, 'cpu'), 'usageCoreNanoSeconds') -
    numberOf(objectOf(before, 'cpu'), 'usageCoreNanoSeconds')
  const hasRate = before !== undefined && tookMs > 0 && usedNanos >= 0
  return {
    cpuNanoCores: hasRate ? Math.round((usedNanos / tookMs) * 1_000) : 0,
    memoryBytes: numberOf(objectOf(after, 'memory'), 'workingSetBytes'),
  }
}

function timeOf(part: JsonObject | undefined): number {
  return Date.parse(String(objectOf(part, 'cpu')?.['time']))
}

async function askSummary(options: ApiOptions, node: string): Promise<JsonObject | undefined> {
  try {
    const address = await findKubelet(options, node)
    const request = kubeletRequest(options, address, '/stats/summary')
    const answer = await answerOf(options, address, request)
    if (answer.statusCode !== 200) {
      answer.resume()
      return undefined
    }
    const summary: unknown = JSON.parse(await textOf(answer))
    return isObject(summary) ? summary : undefined
  } catch (error) {
    // A node that is gone has no metrics; the others do.
    if (error instanceof StatusError || error instanceof SyntaxError) return undefined
    throw error
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > limits.statsSummaryBytesMax) {
      answer.destroy()
      return ''
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function podsOf(summary: JsonObject): JsonObject[] {
  return listOf(summary, 'pods')
}

function uidOf(pod: JsonObject): string {
  return String(objectOf(pod, 'podRef')?.['uid'])
}

function listOf(value: JsonObject | undefined, field: string): JsonObject[] {
  const list = value?.[field]
  return Array.isArray(list) ? list.filter(isObject) : []
}

function objectOf(value: JsonObject | undefined, field: string): JsonObject | undefined {
  const part = value?.[field]
  return isObject(part) ? part : undefined
}

function numberOf(value: JsonObject | undefined, field: string): number {
  const number = value?.[field]
  return typeof number === 'number' ? number : 0
}
