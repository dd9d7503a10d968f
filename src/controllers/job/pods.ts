import type { Container, Job, Pod } from '../../kinds/types.ts'
import { controllerReference } from '../ownership.ts'
import {
  failureCountAnnotation,
  failureCounts,
  ignoredFailureCountAnnotation,
  indexAnnotation,
  type JobOrder,
  trackingFinalizer,
} from './job-facts.ts'
import { judgeFailure } from './policies.ts'

export const jobApiVersion = 'batch/v1'
export const jobKind = 'Job'

const indexVariable = 'JOB_COMPLETION_INDEX'
/** The server adds five characters, and a name ends at 63. */
const generateNameLengthMax = 58

/**
 * The pod that a Job makes from its template, for an index or without one. `replaced` is the failed
 * pod of the same index whose count it goes on with.
 */
export function podOf(
  job: Job,
  order: JobOrder,
  index: number | undefined,
  replaced?: Pod | undefined,
): Pod {
  const { name = '', namespace } = job.metadata
  const { metadata: template, spec } = order.spec.template
  const finalizers = template?.finalizers ?? []
  const annotations = new Map(Object.entries(template?.annotations ?? {}))
  const labels = new Map(Object.entries(template?.labels ?? {}))
  if (index !== undefined) {
    annotations.set(indexAnnotation, String(index))
    labels.set(indexAnnotation, String(index))
    if (order.limitPerIndex !== undefined)
      for (const [key, count] of failuresOf(order, replaced)) annotations.set(key, String(count))
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: generateNameOf(name, index),
      namespace,
      ...(labels.size > 0 ? { labels: Object.fromEntries(labels) } : {}),
      ...(annotations.size > 0 ? { annotations: Object.fromEntries(annotations) } : {}),
      finalizers: finalizers.includes(trackingFinalizer)
        ? finalizers
        : [...finalizers, trackingFinalizer],
      ownerReferences: [controllerReference(jobApiVersion, jobKind, job)],
    },
    spec: index === undefined || !spec ? spec : withIndex(spec, `${name}-${index}`),
  }
}

function generateNameOf(name: string, index: number | undefined): string {
  if (index === undefined) return `${name}-`
  const end = `-${index}-`
  return `${name.slice(0, generateNameLengthMax - end.length)}${end}`
}

type PodSpec = NonNullable<Pod['spec']>

function withIndex(spec: PodSpec, hostname: string): PodSpec {
  return {
    ...spec,
    hostname,
    containers: spec.containers.map(withIndexVariable),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(withIndexVariable) } : {}),
  }
}

function withIndexVariable(container: Container): Container {
  const { env = [] } = container
  if (env.some(({ name }) => name === indexVariable)) return container
  const fieldRef = { fieldPath: `metadata.labels['${indexAnnotation}']` }
  return { ...container, env: [...env, { name: indexVariable, valueFrom: { fieldRef } }] }
}

/** How often its index has failed, for the annotations of the next pod. */
function failuresOf(order: JobOrder, replaced: Pod | undefined): [string, number][] {
  if (!replaced) return [[failureCountAnnotation, 0]]
  let { counted, ignored } = failureCounts(replaced)
  if (judgeFailure(order.spec.podFailurePolicy, replaced).isCounted) counted += 1
  else ignored += 1
  return [
    [failureCountAnnotation, counted],
    ...(ignored > 0 ? ([[ignoredFailureCountAnnotation, ignored]] as [string, number][]) : []),
  ]
}
