import {
  elementStep,
  type FieldSet,
  isRecord,
  itself,
  memberShape,
  type Shape,
} from './field-set.ts'

type JsonRecord = Readonly<Record<string, unknown>>

/**
 * What an applied configuration makes of a value: structs, maps and keyed lists member by member,
 * sets joined, everything else replaced (structured-merge-diff typed/merge.go). Changes neither.
 */
export function mergeApplied(shape: Shape, current: unknown, applied: unknown): unknown {
  if (applied === undefined) return current
  if ((shape.is === 'struct' || shape.is === 'map') && isRecord(current) && isRecord(applied))
    return mergeMembers(shape, current, applied)
  if (shape.is === 'keyed' && Array.isArray(current) && Array.isArray(applied))
    return mergeElements(shape, current, applied)
  if (shape.is === 'set' && Array.isArray(current) && Array.isArray(applied)) {
    const known = new Set(current.map((element) => JSON.stringify(element)))
    return [...current, ...applied.filter((element) => !known.has(JSON.stringify(element)))]
  }
  return applied
}

function mergeMembers(shape: Shape, current: JsonRecord, applied: JsonRecord): JsonRecord {
  const result: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(current)) result[name] = value
  for (const [name, value] of Object.entries(applied))
    result[name] = mergeApplied(
      memberShape(shape, name),
      Object.hasOwn(current, name) ? current[name] : undefined,
      value,
    )
  return result
}

function mergeElements(
  shape: Shape & { is: 'keyed' },
  current: readonly unknown[],
  applied: readonly unknown[],
): unknown[] {
  const struct: Shape = { is: 'struct', schema: shape.schema }
  const asked = new Map(applied.map((element) => [elementStep(shape, element), element]))
  const result = current.map((element) => {
    const step = elementStep(shape, element)
    const change = asked.get(step)
    asked.delete(step)
    return mergeApplied(struct, element, change)
  })
  return [...result, ...asked.values()]
}

/** The value without the paths of `set`; undefined when it is one of them itself. */
export function without(shape: Shape, value: unknown, set: FieldSet): unknown {
  if (set.size === 0) return value
  if ((shape.is === 'struct' || shape.is === 'map') && isRecord(value)) {
    const result: Record<string, unknown> = Object.create(null)
    for (const [name, member] of Object.entries(value)) {
      const inner = set.get(`f:${name}`)
      const kept = inner ? without(memberShape(shape, name), member, inner) : member
      if (kept !== undefined) result[name] = kept
    }
    return result
  }
  if (shape.is === 'keyed' && Array.isArray(value)) {
    const struct: Shape = { is: 'struct', schema: shape.schema }
    return value.flatMap((element) => {
      const inner = set.get(elementStep(shape, element))
      if (inner?.has(itself)) return []
      return [inner ? without(struct, element, inner) : element]
    })
  }
  if (shape.is === 'set' && Array.isArray(value))
    return value.filter((element) => !set.has(`v:${JSON.stringify(element)}`))
  return set.has(itself) ? undefined : value
}

/** The value at a path; undefined when there is none. */
export function valueAt(shape: Shape, value: unknown, path: readonly string[]): unknown {
  const [step, ...rest] = path
  if (step === undefined) return value
  if (step.startsWith('f:') && isRecord(value)) {
    const name = step.slice(2)
    if (!Object.hasOwn(value, name)) return undefined
    return valueAt(memberShape(shape, name), value[name], rest)
  }
  if (!Array.isArray(value)) return undefined
  if (shape.is === 'keyed') {
    const element = value.find((one) => elementStep(shape, one) === step)
    return valueAt({ is: 'struct', schema: shape.schema }, element, rest)
  }
  return value.find((one) => `v:${JSON.stringify(one)}` === step)
}
