import type { AnyObject } from './kind.ts'
import { selectorOf } from './selector.ts'
import type { Container, LabelSelector } from './types.ts'
import { validateLabelSelector } from './validation/validate-selector.ts'

/** Cells that many tables share (k8s.io/kubernetes pkg/printers/internalversion/printers.go). */

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const yearMs = 365 * dayMs

export function nameOf(object: AnyObject): string {
  return object.metadata.name ?? ''
}

/** Age of the object as kubectl shows it. */
export function age(object: AnyObject, nowMs: number): string {
  return ageOf(object.metadata.creationTimestamp, nowMs)
}

/** Time since an RFC 3339 moment; `<unknown>` when there is none. */
export function ageOf(time: string | undefined, nowMs: number): string {
  const atMs = time === undefined ? Number.NaN : Date.parse(time)
  return Number.isNaN(atMs) ? '<unknown>' : humanDuration(nowMs - atMs)
}

/**
 * A length of time in one or two units: `5m12s`, `3h`, `2d4h`. The finer unit goes when it no longer
 * matters (apimachinery pkg/util/duration/duration.go).
 */
export function humanDuration(durationMs: number): string {
  if (durationMs < -2 * secondMs) return '<invalid>'
  if (durationMs < 0) return '0s'
  if (durationMs < 2 * minuteMs) return `${floorOf(durationMs, secondMs)}s`
  if (durationMs < 10 * minuteMs) return twoUnits(durationMs, minuteMs, 'm', secondMs, 's')
  if (durationMs < 3 * hourMs) return `${floorOf(durationMs, minuteMs)}m`
  if (durationMs < 8 * hourMs) return twoUnits(durationMs, hourMs, 'h', minuteMs, 'm')
  if (durationMs < 2 * dayMs) return `${floorOf(durationMs, hourMs)}h`
  if (durationMs < 8 * dayMs) return twoUnits(durationMs, dayMs, 'd', hourMs, 'h')
  if (durationMs < 2 * yearMs) return `${floorOf(durationMs, dayMs)}d`
  if (durationMs < 8 * yearMs) return twoUnits(durationMs, yearMs, 'y', dayMs, 'd')
  return `${floorOf(durationMs, yearMs)}y`
}

function twoUnits(
  durationMs: number,
  bigMs: number,
  big: string,
  smallMs: number,
  small: string,
): string {
  const rest = floorOf(durationMs % bigMs, smallMs)
  return `${floorOf(durationMs, bigMs)}${big}${rest === 0 ? '' : `${rest}${small}`}`
}

function floorOf(durationMs: number, unitMs: number): number {
  return Math.floor(durationMs / unitMs)
}

/** The first three of a list, and how many more there are. */
export function firstFew(items: readonly string[]): string {
  const shownMax = 3
  const rest = items.length - shownMax
  const shown = items.slice(0, shownMax).join(',')
  return rest > 0 ? `${shown} + ${rest} more...` : shown
}

/** `<none>` for what is empty. */
export function orNone(text: string | undefined): string {
  return text === undefined || text === '' ? '<none>' : text
}

/** Names or images of containers, as wide tables list them. */
export function joined(
  containers: readonly Container[] | undefined,
  field: 'name' | 'image',
): string {
  return (containers ?? []).map((container) => container[field] ?? '').join(',')
}

/** A label selector in one line; `<none>` when it selects by nothing. */
export function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return orNone('')
  return validateLabelSelector(selector, '').length > 0
    ? '<error>'
    : orNone(selectorOf(selector).text)
}

/** Labels in one line: `a=b,c=d`, sorted. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return orNone(pairs.sort().join(','))
}
