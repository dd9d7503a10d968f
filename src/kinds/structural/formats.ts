/**
 * The formats that Kubernetes knows; any other is no restriction
 * (apiextensions-apiserver pkg/apiserver/validation/formats.go, kube-openapi pkg/validation/strfmt).
 */
const formats: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['bsonobjectid', (text) => /^[0-9a-fA-F]{24}$/.test(text)],
  ['uri', isUri],
  ['email', (text) => /^[^\s@<>]+@[^\s@<>]+$/.test(text)],
  ['hostname', isHostname],
  ['ipv4', isIpv4],
  ['ipv6', isIpv6],
  ['cidr', isCidr],
  ['mac', (text) => /^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$/.test(text)],
  ['uuid', (text) => uuid('[0-9a-f]').test(text)],
  ['uuid3', (text) => uuid('3').test(text)],
  ['uuid4', (text) => uuid('4', '[89ab]').test(text)],
  ['uuid5', (text) => uuid('5', '[89ab]').test(text)],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  ['ssn', (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text)],
  ['hexcolor', (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text)],
  ['rgbcolor', isRgbColor],
  ['byte', (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)],
  ['date', isDate],
  ['duration', isDuration],
  ['date-time', isDateTime],
  ['datetime', isDateTime],
  ['k8s-short-name', (text) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)],
  ['k8s-long-name', isLongName],
])

/** True when the text is of that format, or the format is none that is checked. */
export function isOfFormat(format: string, text: string): boolean {
  return formats.get(format)?.(text) ?? true
}

/** Whether a format is checked at all. */
export function isKnownFormat(format: string): boolean {
  return formats.has(format)
}

function uuid(version: string, variant = '[0-9a-f]'): RegExp {
  return new RegExp(
    `^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`,
    'i',
  )
}

function isUri(text: string): boolean {
  return text.startsWith('/') || (/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) && URL.canParse(text))
}

function isHostname(text: string): boolean {
  const label = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/
  return text.length <= 253 && text.split('.').every((part) => label.test(part))
}

function isLongName(text: string): boolean {
  const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
  return text.length <= 253 && text.split('.').every((part) => label.test(part))
}

export function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return (
    parts.length === 4 &&
    parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  )
}

export function isIpv6(text: string): boolean {
  return text.includes(':') && !text.includes('%') && URL.canParse(`http://[${text}]/`)
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/')
  if (more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false
  if (isIpv4(address)) return Number(bits) <= 32
  return isIpv6(address) && Number(bits) <= 128
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '')
  if (!/^\d{9}[\dXx]$/.test(digits)) return false
  let sum = 0
  for (const [index, digit] of [...digits].entries())
    sum += (index + 1) * (/[Xx]/.test(digit) ? 10 : Number(digit))
  return sum % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '')
  if (!/^\d{13}$/.test(digits)) return false
  let sum = 0
  for (const [index, digit] of [...digits].entries()) sum += Number(digit) * (index % 2 ? 3 : 1)
  return sum % 10 === 0
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D/g, '')
  if (!/^\d{13,19}$/.test(digits)) return false
  let sum = 0
  for (const [index, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (index % 2 ? 2 : 1)
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}

function isRgbColor(text: string): boolean {
  const found = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(text)
  return found?.slice(1).every((part) => Number(part) <= 255) ?? false
}

function isDate(text: string): boolean {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!found) return false
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number]
  const date = new Date(Date.UTC(year, month - 1, day))
  date.setUTCFullYear(year)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

function isDateTime(text: string): boolean {
  const found =
    /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2}):(\d{2})([.,]\d+)?([Zz]|[+-]\d{2}:\d{2})$/.exec(text)
  if (!found || !isDate(found[1] ?? '')) return false
  return Number(found[2]) < 24 && Number(found[3]) < 60 && Number(found[4]) < 60
}

/** Go's durations (1h30m, 2.5s), and the words that strfmt also reads (3 days). */
function isDuration(text: string): boolean {
  return (
    /^[+-]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*$/.test(
      text,
    ) ||
    /^(\d+(\.\d+)?)\s*(ns|nano|us|micro|ms|milli|s|sec|second|m|min|minute|h|hr|hour|d|day|w|week|wk)s?$/.test(
      text,
    )
  )
}
