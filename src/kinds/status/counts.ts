import type { AnyObject, FieldError } from '../kind.ts'
import { duplicate, invalid, required } from '../validation/field-error.ts'
import { nonNegative } from '../validation/numbers.ts'

/** What counts of a status must keep to (k8s.io/kubernetes pkg/apis/apps/validation/validation.go). */
export interface CountRules {
  /** None is below zero. */
  readonly counts: readonly string[]
  /** None is beyond `replicas`. */
  readonly ofReplicas?: readonly string[]
  /** How a message names the replicas that are ready, of which some are available. */
  readonly readyName?: string
  /** `collisionCount` only grows. */
  readonly collides?: boolean
}

type Status = Readonly<Record<string, unknown>>

/** The judge of writes to /status of a workload. */
export function countedStatus({ counts, ofReplicas = [], readyName, collides }: CountRules) {
  return (object: AnyObject, old: AnyObject): FieldError[] => {
    const status = statusOf(object)
    const count = (name: string) => (typeof status[name] === 'number' ? status[name] : 0)
    const errors = counts.flatMap((name) => nonNegative(count(name), `status.${name}`))
    for (const name of ofReplicas)
      if (count(name) > count('replicas'))
        errors.push(
          invalid(`status.${name}`, count(name), 'cannot be greater than status.replicas'),
        )
    if (readyName !== undefined && count('availableReplicas') > count('readyReplicas'))
      errors.push(
        invalid(
          'status.availableReplicas',
          count('availableReplicas'),
          `cannot be greater than ${readyName}`,
        ),
      )
    const before = statusOf(old)['collisionCount']
    if (collides && typeof before === 'number' && isLess(status['collisionCount'], before))
      errors.push(
        invalid('status.collisionCount', count('collisionCount'), 'cannot be decremented'),
      )
    return errors
  }
}

function isLess(value: unknown, before: number): boolean {
  return typeof value !== 'number' || value < before
}

export function statusOf(object: AnyObject): Status {
  return (object['status'] ?? {}) as Status
}

/** Conditions have a type each, and no two the same (pkg/apis/flowcontrol/validation/validation.go). */
export function typedConditions(object: AnyObject): FieldError[] {
  const conditions = (statusOf(object)['conditions'] ?? []) as readonly { type?: string }[]
  const seen = new Set<string>()
  return conditions.flatMap(({ type = '' }, index) => {
    const path = `status.conditions[${index}].type`
    const errors = seen.has(type) ? [duplicate(path, type)] : []
    seen.add(type)
    return type === '' ? [...errors, required(path)] : errors
  })
}
