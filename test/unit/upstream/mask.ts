/**
 * An answer without what differs from run to run: uids, times, revisions, continue tokens and the letters
 * of generated names. JSON as a value, other texts as they are.
 */
export function masked(text: string): unknown {
  try {
    return maskedValue(JSON.parse(text))
  } catch {
    return maskedText(text)
  }
}

const times: ReadonlySet<string> = new Set(['creationTimestamp', 'deletionTimestamp', 'time'])

function maskedValue(value: unknown, name?: string): unknown {
  if (Array.isArray(value)) return value.map((item) => maskedValue(item))
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, below]) => [key, maskedValue(below, key)])
    return Object.fromEntries(entries.filter(([, below]) => below !== undefined))
  }
  if (typeof value !== 'string') return value
  if (name === 'resourceVersion' && value !== '') return 'RV'
  // The server of custom resources alone, which was recorded, does not say it; kube-apiserver does.
  if (name === 'storageVersionHash') return undefined
  // A list of a custom kind that ends here says so by an empty token, or by none.
  if (name === 'continue') return value === '' ? undefined : 'C'
  return name !== undefined && times.has(name) ? 'T' : maskedText(value)
}

function maskedText(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID')
    .replace(/(current: |resource version: |object meta: )\d+/g, '$1N')
    .replace(/(in the precondition|in record) \(\d+\)/g, '$1 (N)')
    .replace(/(previously negative\))\n.*/s, '$1 …')
    .replace(/\bat 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'at T')
    .replace(/\n(\s*)(resourceVersion|creationTimestamp|time): .*/g, '\n$1$2: X')
}
