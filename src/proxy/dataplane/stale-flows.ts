import type { PortRules } from '../rules.ts'

const flowsMax = 256

/**
 * Arguments for conntrack, one call each, that cut UDP flows which the change of rules leaves behind
 * (pkg/proxy/conntrack/cleanup.go): to endpoints that are gone, and those that began before there was any.
 */
export function staleFlows(before: readonly PortRules[], after: readonly PortRules[]): string[][] {
  const now = new Map(after.map((rule) => [rule.key, rule]))
  const calls: string[][] = []
  for (const old of before) {
    if (old.protocol !== 'udp') continue
    const current = now.get(old.key)
    const kept = new Set(current?.endpoints.map(({ ip, port }) => `${ip}:${port}`))
    const gone = old.endpoints.filter(({ ip, port }) => !kept.has(`${ip}:${port}`))
    const revived = old.endpoints.length === 0 && (current?.endpoints.length ?? 0) > 0
    for (const { kind, ip, port } of old.frontends) {
      const frontend = [
        ...(kind === 'node-port' ? [] : ['--orig-dst', ip]),
        ...['--orig-port-dst', String(port)],
      ]
      const begin = ['-D', '-p', 'udp', ...frontend]
      if (revived) calls.push(begin)
      for (const endpoint of gone) calls.push([...begin, '--dst-nat', endpoint.ip])
    }
  }
  return calls.slice(0, flowsMax)
}
