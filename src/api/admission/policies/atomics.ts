import { memberShape, type Shape } from '../../apply/shape.ts'
import { isRecord, type Json } from '../../patch/json-value.ts'

/**
 * Paths of what an apply configuration says of values that are one whole: it would replace them, with all
 * that it does not say (apiserver pkg/admission/plugin/policy/mutating/patch/smd.go findAtomics).
 */
export function atomicsIn(shape: Shape, value: Json, path = ''): string[] {
  if (shape.is === 'leaf') return typeof value === 'object' && value !== null ? [path] : []
  if (shape.is === 'list' && Array.isArray(value))
    return value.flatMap((item, at) => atomicsIn(shape.of, item, `${path}[${at}]`))
  if ((shape.is !== 'struct' && shape.is !== 'custom') || !isRecord(value)) return []
  return Object.entries(value).flatMap(([name, below]) =>
    atomicsIn(memberShape(shape, name), below, `${path}.${name}`),
  )
}
