import { assert } from '../base/assert.ts'

/** An IPv4 network; positions count from its first address, 0. */
export interface Cidr {
  readonly base: number
  readonly size: number
}

/** Reads `10.96.0.0/16`. The configuration has been checked, so a malformed one is a bug. */
export function parseCidr(text: string): Cidr {
  const [address = '', bits = ''] = text.split('/')
  const number = parseIpv4(address)
  const length = Number(bits)
  assert(
    number !== undefined && Number.isInteger(length) && length >= 8 && length <= 30,
    `${text} is no IPv4 network of /8 to /30`,
  )
  const size = 2 ** (32 - length)
  return { base: number - (number % size), size }
}

/** Where an address stands in the network; undefined when it is not in it, or none. */
export function positionOf(cidr: Cidr, ip: string): number | undefined {
  const number = parseIpv4(ip)
  if (number === undefined) return undefined
  const position = number - cidr.base
  return position >= 0 && position < cidr.size ? position : undefined
}

export function addressAt(cidr: Cidr, position: number): string {
  const number = cidr.base + position
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}

/** Strict: no leading zeros, which other programs read as octal. */
function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (!match) return undefined
  const parts = match.slice(1)
  if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith('0'))))
    return undefined
  return parts.reduce((number, part) => number * 256 + Number(part), 0)
}

export interface PortRange {
  readonly low: number
  readonly high: number
}

/** Reads `30000-32767`; both ends belong to it. */
export function parsePortRange(text: string): PortRange {
  const match = /^(\d+)-(\d+)$/.exec(text)
  const low = Number(match?.[1])
  const high = Number(match?.[2])
  assert(low >= 1 && high <= 65_535 && low <= high, `${text} is no range of ports`)
  return { low, high }
}
