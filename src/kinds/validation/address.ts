/** IP addresses and networks as text. The folder is pure, so node:net stays out. */

const ipv4Part = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const ipv4 = new RegExp(`^${ipv4Part}(?:\\.${ipv4Part}){3}$`)

export function isIPv4(text: string): boolean {
  return ipv4.test(text)
}

export function isIPv6(text: string): boolean {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  let groups = 0
  for (const [index, half] of halves.entries()) {
    const parts = half === '' ? [] : half.split(':')
    for (const [at, part] of parts.entries()) {
      const last = index === halves.length - 1 && at === parts.length - 1
      if (last && isIPv4(part)) groups += 2
      else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups++
      else return false
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8
}

export function isIP(text: string): boolean {
  return isIPv4(text) || isIPv6(text)
}

/** What is wrong with an address of a family, or of any. */
export function ipProblems(text: string, family?: string): string[] {
  if (family === 'IPv4' && !isIPv4(text)) return ['must be a valid IPv4 address']
  if (family === 'IPv6' && !isIPv6(text)) return ['must be a valid IPv6 address']
  if (isIP(text)) return []
  return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
}

/** What is wrong with a network such as 10.0.0.0/8. */
export function cidrProblems(text: string): string[] {
  const [address = '', length = '', ...rest] = text.split('/')
  const bitsMax = isIPv4(address) ? 32 : 128
  const valid =
    rest.length === 0 && isIP(address) && /^\d{1,3}$/.test(length) && Number(length) <= bitsMax
  return valid ? [] : ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']
}
