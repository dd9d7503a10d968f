import { limits } from '../../base/limits.ts'
import { most, saturated } from '../cel/cost/range.ts'
import type { FieldError } from '../kind.ts'
import type { SchemaProps } from '../structural/schema-props.ts'
import { forbidden } from '../validation/field-error.ts'

/**
 * What the rules of one schema may cost together, before any object is judged
 * (apiextensions-apiserver pkg/apis/apiextensions/validation/cel_validation.go).
 */
export class RuleCosts {
  #total = 0n
  /** The most expensive first. */
  #expensive: { readonly path: string; readonly cost: bigint }[] = []

  add(path: string, cost: bigint): void {
    this.#total = saturated(this.#total + cost)
    if (cost < BigInt(limits.schemaEstimateMax) / 100n) return
    this.#expensive.push({ path, cost })
    this.#expensive.sort((left, right) => Number(right.cost - left.cost))
    this.#expensive.length = Math.min(this.#expensive.length, shownMax)
  }

  /** The rules that are to blame, and the schema itself. */
  errors(schemaPath: string): FieldError[] {
    if (this.#total <= BigInt(limits.schemaEstimateMax)) return []
    return [
      ...this.#expensive.map(({ path }) => forbidden(path, contributed)),
      forbidden(
        schemaPath,
        costMessage(
          'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema',
          this.#total,
          limits.schemaEstimateMax,
        ),
      ),
    ]
  }
}

const shownMax = 4
const contributed =
  'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'

/** An expression that is too expensive alone. */
export function expressionCostErrors(path: string, name: string, cost: bigint): FieldError[] {
  if (cost <= BigInt(limits.expressionEstimateMax)) return []
  return [forbidden(path, costMessage(name, cost, limits.expressionEstimateMax))]
}

function costMessage(name: string, cost: bigint, max: number): string {
  const factor = Number(cost) / max
  const times =
    factor > 100 ? 'more than 100x' : `${factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)}x`
  return (
    `${name} exceeds budget by factor of ${times} (try simplifying the rule, or adding maxItems, ` +
    'maxProperties, and maxLength where arrays, maps, and strings are declared)'
  )
}

/** A cost as often as it may arise. */
export function repeated(cost: bigint, times: bigint): bigint {
  const product = cost * times
  return product > most ? most : product
}

/**
 * How many values of what is below a schema there can be, when there are so many of itself; undefined:
 * the schema sets no bound.
 */
export function cardinalityBelow(
  schema: SchemaProps,
  cardinality: bigint | undefined,
): bigint | undefined {
  const factor = factorOf(schema)
  return cardinality === undefined || factor === undefined
    ? undefined
    : repeated(cardinality, factor)
}

function factorOf(schema: SchemaProps): bigint | undefined {
  if (schema.type === 'array') return bound(schema.maxItems)
  const isMap = schema.type === 'object' && schema.additionalProperties !== undefined
  return isMap ? bound(schema.maxProperties) : 1n
}

function bound(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(Math.max(0, value))
}
