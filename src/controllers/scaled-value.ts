import type { IntOrString } from '../kinds/types.ts'

/** A count, or a percentage of all (apimachinery intstr, GetScaledValueFromIntOrPercent). */
export function scaledValue(
  value: IntOrString,
  total: number,
  round: (value: number) => number,
): number {
  if (typeof value === 'number') return value
  const percent = Number(/^(\d+)%$/.exec(value)?.[1] ?? Number.NaN)
  if (Number.isNaN(percent)) return Number.parseInt(value, 10) || 0
  return round((percent * total) / 100)
}
