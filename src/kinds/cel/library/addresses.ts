import { isIpv4, isIpv6 } from '../../structural/formats.ts'
import { CelRuntimeError } from '../errors.ts'
import { define, method, type Overload } from '../functions.ts'
import { boolType, intType, opaque, stringType } from '../types.ts'
import { Opaque } from '../values.ts'

/** IP addresses and networks (apiserver pkg/cel/library/{ip,cidr}.go). */

const ipName = 'net.IP'
const cidrName = 'net.CIDR'
const ipType = opaque(ipName)
const cidrType = opaque(cidrName)

interface Address {
  readonly family: 4 | 6
  readonly bits: bigint
}

interface Network {
  readonly address: Address
  readonly length: number
}

type Ip = Opaque<Address>
type Cidr = Opaque<Network>

function readAddress(text: string): Address | undefined {
  if (isIpv4(text)) return { family: 4, bits: bitsOfIpv4(text) }
  if (!isIpv6(text)) return undefined
  // IPv4 in an IPv6 address is refused by the library.
  if (text.includes('.')) return undefined
  const groups = new URL(`http://[${text}]/`).hostname.slice(1, -1)
  const [head = '', tail] = groups.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail ? tail.split(':') : []
  const middle = tail === undefined ? [] : Array<string>(8 - before.length - after.length).fill('0')
  const bits = [...before, ...middle, ...after].reduce(
    (sum, one) => (sum << 16n) | BigInt(`0x${one}`),
    0n,
  )
  // An IPv4 address in IPv6 clothing is no address of either family here.
  return bits >> 32n === 0xffffn ? undefined : { family: 6, bits }
}

function bitsOfIpv4(text: string): bigint {
  return text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
}

function printAddress({ family, bits }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  )
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}

const width = ({ family }: Address) => (family === 4 ? 32 : 128)

function masked({ address, length }: Network): Network {
  const shift = BigInt(width(address) - length)
  return { address: { family: address.family, bits: (address.bits >> shift) << shift }, length }
}

function readNetwork(text: string): Network | undefined {
  const [before = '', length = '', ...more] = text.split('/')
  const address = readAddress(before)
  if (!address || more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined
  return Number(length) <= width(address) ? { address, length: Number(length) } : undefined
}

function makeIp(address: Address): Ip {
  return new Opaque(ipName, address, printAddress(address), width(address) / 8)
}

function makeCidr(network: Network): Cidr {
  return new Opaque(
    cidrName,
    network,
    `${printAddress(network.address)}/${network.length}`,
    Math.ceil(network.length / 8),
  )
}

function parseIp(text: string): Ip {
  const address = readAddress(text)
  if (address) return makeIp(address)
  if (/^::ffff:(?:\d+\.){3}\d+$/i.test(text))
    throw new CelRuntimeError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`)
  if (isIpv6(text.replace(/%.+$/, '')) && text.includes('%'))
    throw new CelRuntimeError(`IP address ${JSON.stringify(text)} with zone value is not allowed`)
  throw new CelRuntimeError(
    `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
  )
}

function parseCidr(text: string): Cidr {
  const network = readNetwork(text)
  if (network) return makeCidr(network)
  // It says so twice there.
  const told = 'network address parse error during conversion from string: '
  const why = `netip.ParsePrefix(${JSON.stringify(text)}): ${networkProblem(text)}`
  throw new CelRuntimeError(`${told}${told}${why}`)
}

function networkProblem(text: string): string {
  const [address = '', bits, ...more] = text.split('/')
  if (bits === undefined || more.length > 0)
    return more.length > 0 ? 'unable to parse IP' : "no '/'"
  if (!readAddress(address)) return `ParseAddr(${JSON.stringify(address)}): unable to parse IP`
  if (!/^(0|[1-9]\d{0,2})$/.test(bits)) return `bad bits after slash: ${JSON.stringify(bits)}`
  return 'prefix length out of range'
}

/** An address in a text that is none fits no function. */
function addressIn(text: string): Address {
  const address = readAddress(text)
  if (!address) throw new CelRuntimeError('no such overload')
  return address
}

function contains({ address, length }: Network, other: Address): boolean {
  if (address.family !== other.family) return false
  const shift = BigInt(width(address) - length)
  return address.bits >> shift === other.bits >> shift
}

function containsNetwork(network: Network, other: Network): boolean {
  return other.length >= network.length && contains(network, other.address)
}

const within = (text: string, length: number) => (address: Address) =>
  contains({ address: readAddress(text) ?? address, length }, address)

const isLoopback = (one: Address) => within('127.0.0.0', 8)(one) || within('::1', 128)(one)
const isMulticast = (one: Address) => within('224.0.0.0', 4)(one) || within('ff00::', 8)(one)
const isLinkLocalMulticast = (one: Address) =>
  within('224.0.0.0', 24)(one) || (one.family === 6 && ((one.bits >> 112n) & 0xff0fn) === 0xff02n)
const isLinkLocalUnicast = (one: Address) =>
  within('169.254.0.0', 16)(one) || within('fe80::', 10)(one)
const isUnspecified = (one: Address) => one.bits === 0n
const isBroadcast = (one: Address) => one.family === 4 && one.bits === 0xffff_ffffn
const isGlobalUnicast = (one: Address) =>
  !isUnspecified(one) &&
  !isBroadcast(one) &&
  !isLoopback(one) &&
  !isMulticast(one) &&
  !isLinkLocalUnicast(one)

const question = (name: string, ask: (address: Address) => boolean) =>
  method<[Ip]>(ipType, name, [], boolType, ({ content }) => ask(content))

export const addressFunctions: readonly Overload[] = [
  define<[string]>('ip', [stringType], ipType, (text) => parseIp(text)),
  define<[string]>('isIP', [stringType], boolType, (text) => readAddress(text) !== undefined),
  define<[string]>('ip.isCanonical', [stringType], boolType, (text) => parseIp(text).key === text),
  define<[Ip]>('string', [ipType], stringType, ({ key }) => key),
  method<[Ip]>(ipType, 'family', [], intType, ({ content }) => BigInt(content.family)),
  question('isUnspecified', isUnspecified),
  question('isLoopback', isLoopback),
  question('isLinkLocalMulticast', isLinkLocalMulticast),
  question('isLinkLocalUnicast', isLinkLocalUnicast),
  question('isGlobalUnicast', isGlobalUnicast),
  define<[string]>('cidr', [stringType], cidrType, (text) => parseCidr(text)),
  define<[string]>('isCIDR', [stringType], boolType, (text) => readNetwork(text) !== undefined),
  define<[Cidr]>('string', [cidrType], stringType, ({ key }) => key),
  method<[Cidr, string]>(cidrType, 'containsIP', [stringType], boolType, ({ content }, text) =>
    contains(content, addressIn(text)),
  ),
  method<[Cidr, Ip]>(cidrType, 'containsIP', [ipType], boolType, ({ content }, ip) =>
    contains(content, ip.content),
  ),
  method<[Cidr, string]>(cidrType, 'containsCIDR', [stringType], boolType, ({ content }, text) =>
    containsNetwork(content, parseCidr(text).content),
  ),
  method<[Cidr, Cidr]>(cidrType, 'containsCIDR', [cidrType], boolType, ({ content }, other) =>
    containsNetwork(content, other.content),
  ),
  method<[Cidr]>(cidrType, 'ip', [], ipType, ({ content }) => makeIp(content.address)),
  method<[Cidr]>(cidrType, 'masked', [], cidrType, ({ content }) => makeCidr(masked(content))),
  method<[Cidr]>(cidrType, 'prefixLength', [], intType, ({ content }) => BigInt(content.length)),
]
