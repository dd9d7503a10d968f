import type { AnyObject } from '../../kinds/kind.ts'
import { isRecord, type Json } from '../patch/json-value.ts'

/**
 * Objects that `kubectl apply` made carry what was applied in an annotation. `kubectl apply
 * --server-side` may take such fields over without a conflict, and the annotation keeps up, so that
 * both ways of applying can follow each other (apimachinery pkg/util/managedfields/internal,
 * lastappliedmanager.go and lastappliedupdater.go).
 */
const annotation = 'kubectl.kubernetes.io/last-applied-configuration'

/** kubectl's field manager of server-side apply; who names another one opts out. */
const kubectl = 'kubectl'

/** What client-side apply said last; undefined when it does not count. */
export function lastApplied(live: AnyObject, manager: string): Json | undefined {
  const text = live.metadata.annotations?.[annotation]
  if (manager !== kubectl || !text) return undefined
  try {
    const value = JSON.parse(text) as unknown
    return isRecord(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Brings the annotation up to what is applied now, where there is one. Changes `object`. */
export function updateLastApplied(
  object: AnyObject,
  live: AnyObject,
  manager: string,
  applied: Json,
): void {
  const { annotations } = object.metadata
  if (manager !== kubectl || !annotations || !live.metadata.annotations?.[annotation]) return
  annotations[annotation] = `${sortedJson(applied)}\n`
}

/** JSON as Go writes it: keys sorted, and no character that HTML gives a meaning. */
function sortedJson(value: Json): string {
  const sorted = (_key: string, member: unknown): unknown =>
    isRecord(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member
  return JSON.stringify(value, sorted).replace(
    /[<>&\u2028\u2029]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
