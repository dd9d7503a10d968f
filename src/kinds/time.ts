/** RFC 3339 moments as Kubernetes writes them: UTC, whole seconds or six digits. */

const rfc3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/

/** `2026-11-23T18:00:00Z`, or undefined when the text is no RFC 3339 moment. */
export function canonicalTime(text: string): string | undefined {
  const atMs = momentMs(text)
  return atMs === undefined ? undefined : formatTime(atMs)
}

/** `2026-11-23T18:00:00.000000Z`, or undefined when the text is no RFC 3339 moment. */
export function canonicalMicroTime(text: string): string | undefined {
  const atMs = momentMs(text)
  if (atMs === undefined) return undefined
  const digits = (rfc3339.exec(text)?.[7] ?? '').padEnd(6, '0').slice(0, 6)
  return `${formatTime(atMs).slice(0, -1)}.${digits}Z`
}

/** Whole seconds, UTC: the form of every Time field. */
export function formatTime(atMs: number): string {
  return `${new Date(Math.floor(atMs / 1000) * 1000).toISOString().slice(0, 19)}Z`
}

/** Six digits after the second, UTC: the form of every MicroTime field. */
export function formatMicroTime(atMs: number): string {
  const millis = Math.floor(atMs) - Math.floor(atMs / 1000) * 1000
  return `${formatTime(atMs).slice(0, -1)}.${String(millis).padStart(3, '0')}000Z`
}

function momentMs(text: string): number | undefined {
  const match = rfc3339.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second] = match
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > days)
    return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const atMs = Date.parse(text.replace(',', '.'))
  return Number.isNaN(atMs) ? undefined : atMs
}
