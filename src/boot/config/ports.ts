import { createServer } from 'node:net'
import { ConfigError } from './config-error.ts'

/** True when a server could listen there now. */
export function portIsFree(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer()
    probe.once('error', () => done(false))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => done(true)))
  })
}

/** A port that is free now, from the system's ephemeral range. */
export function ephemeralPort(host: string): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer()
    probe.once('error', fail)
    probe.listen({ host, port: 0, exclusive: true }, () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address ? done(address.port) : fail()))
    })
  })
}

/** The first free port of `preferred`…+99 that is not in `taken`, else an ephemeral one. */
export async function pickPort(
  host: string,
  preferred: number,
  taken: Set<number>,
): Promise<number> {
  for (let port = preferred; port < preferred + 100; port += 1) {
    if (taken.has(port) || !(await portIsFree(host, port))) continue
    taken.add(port)
    return port
  }
  const port = await ephemeralPort(host)
  taken.add(port)
  return port
}

/** Refuses to start on a port that somebody else listens on. */
export async function demandFreePort(address: string, what: string, option: string): Promise<void> {
  const { host, port } = splitAddress(address)
  if (await portIsFree(host, port)) return
  throw new ConfigError(
    `port ${port} of ${host}, which ${what} needs, is in use`,
    `stop what listens there (ss -ltnp 'sport = :${port}' shows it) or ${option}`,
  )
}

/** Splits host:port; brackets around IPv6 hosts go. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return {
    host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(address.slice(colon + 1)),
  }
}

/** The first address of a CIDR: the ClusterIP of the `kubernetes` Service. */
export function firstAddress(cidr: string): string {
  const parts = (cidr.split('/')[0] ?? '').split('.').map(Number)
  const value = parts.reduce((sum, part) => sum * 256 + part, 0) + 1
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
