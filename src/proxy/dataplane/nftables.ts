import { createHash } from 'node:crypto'
import type { Endpoint, Frontend, PortRules } from '../rules.ts'

/**
 * The nftables form of the rules (after pkg/proxy/nftables): one table of our own, verdict maps that find
 * a service in constant time, one chain per service port that picks an endpoint by chance. A Layout is
 * plain data; its text is one atomic transaction for `nft -f -`, whole or as the difference of two.
 */
export interface Layout {
  /** Elements of maps and sets, by collection: element text to verdict (empty in sets). */
  readonly collections: ReadonlyMap<CollectionName, ReadonlyMap<string, string>>
  /** Rules by chain. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Seconds that a client is remembered, by name of the dynamic set. */
  readonly affinitySets: ReadonlyMap<string, number>
}

export interface LayoutOptions {
  /** Masquerade pods' connections too: needed where bridged frames bypass connection tracking. */
  readonly masqueradeAll: boolean
}

const collectionTypes = {
  'service-ips': 'map service-ips { type ipv4_addr . inet_proto . inet_service : verdict ; }',
  'node-ports': 'map node-ports { type inet_proto . inet_service : verdict ; }',
  'no-endpoint-ips':
    'map no-endpoint-ips { type ipv4_addr . inet_proto . inet_service : verdict ; }',
  'no-endpoint-node-ports':
    'map no-endpoint-node-ports { type inet_proto . inet_service : verdict ; }',
  'cluster-ips': 'set cluster-ips { type ipv4_addr ; }',
  hairpin: 'set hairpin { type ipv4_addr . ipv4_addr ; }',
} as const

export type CollectionName = keyof typeof collectionTypes
const collectionNames = Object.keys(collectionTypes) as CollectionName[]

/** One bit of the packet mark, ours alone: set on what must be masqueraded, cleared when it was. */
export const masqueradeBit = '0x00100000'
const otherBits = '0xffefffff'

/** The table of a cluster. Its id is reduced to what nft allows in a name. */
export function tableName(clusterId: string): string {
  return `kijabi-${clusterId
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 12)
    .toLowerCase()}`
}

/** The layout that the rules ask for. A frontend that two services claim goes to the first by key. */
export function layoutOf(rules: readonly PortRules[], options: LayoutOptions): Layout {
  const layout = {
    collections: new Map(collectionNames.map((name) => [name, new Map<string, string>()])),
    chains: new Map<string, readonly string[]>(),
    affinitySets: new Map<string, number>(),
  }
  const put = (name: CollectionName, element: string, verdict = '') => {
    const elements = layout.collections.get(name)
    if (elements && !elements.has(element)) elements.set(element, verdict)
  }
  const ordered = [...rules].sort((one, other) => (one.key < other.key ? -1 : 1))
  for (const rule of ordered) {
    const id = shortHash(rule.key)
    const empty = rule.endpoints.length === 0
    for (const frontend of rule.frontends) {
      const element = elementOf(frontend, rule)
      const nodePort = frontend.kind === 'node-port'
      if (frontend.kind === 'cluster-ip') put('cluster-ips', frontend.ip)
      if (empty)
        put(
          nodePort ? 'no-endpoint-node-ports' : 'no-endpoint-ips',
          element,
          rule.drops ? 'drop' : 'goto refuse',
        )
      else {
        const chain = frontend.kind === 'cluster-ip' ? `svc-${id}` : `ext-${id}`
        put(nodePort ? 'node-ports' : 'service-ips', element, `goto ${chain}`)
      }
    }
    if (empty) continue
    for (const { ip } of rule.endpoints) put('hairpin', `${ip} . ${ip}`)
    if (rule.frontends.some((frontend) => frontend.kind !== 'cluster-ip'))
      layout.chains.set(`ext-${id}`, externalRules(rule, id))
    const balance = balanceRules(rule, layout)
    layout.chains.set(`svc-${id}`, options.masqueradeAll ? [markRule, ...balance] : balance)
    const { key, local = [] } = rule
    if (local.length > 0) {
      const kept = { ...rule, key: `${key}/local`, endpoints: local }
      layout.chains.set(`loc-${id}`, balanceRules(kept, layout))
    }
  }
  // A frontend with endpoints wins over one without: both maps never hold the same one.
  for (const [full, none] of [
    ['service-ips', 'no-endpoint-ips'],
    ['node-ports', 'no-endpoint-node-ports'],
  ] as const)
    for (const element of layout.collections.get(full)?.keys() ?? [])
      layout.collections.get(none)?.delete(element)
  return layout
}

const markRule = `meta mark set meta mark | ${masqueradeBit}`

/** The transaction that makes the table from nothing, whatever stood there before. */
export function fullText(table: string, layout: Layout): string {
  return [
    `add table ip ${table}`,
    `delete table ip ${table}`,
    `table ip ${table} {`,
    ...collectionNames.map((name) => `  ${collectionTypes[name]}`),
    ...[...layout.affinitySets].map(([name, seconds]) => `  ${affinitySetText(name, seconds)}`),
    // Chains are declared first, because rules may speak only of what exists.
    ...[...layout.chains.keys()].map((chain) => `  chain ${chain} { }`),
    ...frame,
    '}',
    ...[...layout.chains].flatMap(([chain, rules]) => ruleLines(table, chain, rules)),
    ...collectionNames.flatMap((name) =>
      elementLines('add', table, name, layout.collections.get(name) ?? new Map()),
    ),
    '',
  ].join('\n')
}

/** The transaction from one layout to another; undefined when there is nothing to change. */
export function changeText(table: string, before: Layout, after: Layout): string | undefined {
  const changedChains = [...after.chains].filter(
    ([chain, rules]) => before.chains.get(chain)?.join('\n') !== rules.join('\n'),
  )
  const goneChains = [...before.chains.keys()].filter((chain) => !after.chains.has(chain))
  const newSets = [...after.affinitySets].filter(([name]) => !before.affinitySets.has(name))
  const goneSets = [...before.affinitySets.keys()].filter((name) => !after.affinitySets.has(name))
  const lines = [
    ...collectionNames.flatMap((name) =>
      elementLines('delete', table, name, difference(name, before, after)),
    ),
    ...newSets.map(([name, seconds]) => `add ${affinitySetIn(table, name, seconds)}`),
    ...changedChains.map(([chain]) => `add chain ip ${table} ${chain}`),
    ...[...changedChains.map(([chain]) => chain), ...goneChains].map(
      (chain) => `flush chain ip ${table} ${chain}`,
    ),
    ...changedChains.flatMap(([chain, rules]) => ruleLines(table, chain, rules)),
    ...collectionNames.flatMap((name) =>
      elementLines('add', table, name, difference(name, after, before)),
    ),
    ...goneChains.map((chain) => `delete chain ip ${table} ${chain}`),
    ...goneSets.map((name) => `delete set ip ${table} ${name}`),
  ]
  return lines.length > 0 ? `${lines.join('\n')}\n` : undefined
}

/** Removes the table; also when it does not exist. */
export function removalText(table: string): string {
  return `add table ip ${table}\ndelete table ip ${table}\n`
}

/** What never changes: hooks, and the rules that look up the maps. */
const frame: readonly string[] = [
  // A reset, for answers by ICMP are limited in rate and would let clients wait.
  '  chain refuse { meta l4proto tcp reject with tcp reset ; reject ; }',
  '  chain services {',
  '    ip daddr . meta l4proto . th dport vmap @service-ips',
  '    fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @node-ports',
  '  }',
  '  chain no-endpoints {',
  '    ip daddr . meta l4proto . th dport vmap @no-endpoint-ips',
  '    fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @no-endpoint-node-ports',
  '  }',
  // What still goes to a cluster IP when destinations were rewritten goes to no port of its service.
  '  chain other-ports { ip daddr @cluster-ips goto refuse ; }',
  '  chain nat-prerouting { type nat hook prerouting priority -100 ; jump services ; }',
  '  chain nat-output { type nat hook output priority -100 ; jump services ; }',
  '  chain nat-postrouting {',
  '    type nat hook postrouting priority 100 ;',
  `    meta mark & ${masqueradeBit} != 0 meta mark set meta mark & ${otherBits} masquerade fully-random`,
  '    ct status dnat ip saddr . ip daddr @hairpin masquerade fully-random',
  '  }',
  '  chain filter-input { type filter hook input priority -110 ; ct state new jump no-endpoints ; }',
  '  chain filter-forward {',
  '    type filter hook forward priority -110 ;',
  '    ct state new jump no-endpoints',
  '    ct state new jump other-ports',
  '  }',
  '  chain filter-output { type filter hook output priority -110 ; ct state new jump no-endpoints ; }',
  '  chain filter-output-after { type filter hook output priority -90 ; ct state new jump other-ports ; }',
]

/**
 * Who comes from outside by a node port, an external or a balancer's address is masqueraded, so that answers
 * come back this way. With the policy Local it keeps its address, for it goes to a pod of this host or
 * nowhere; this host and its pods, which sit behind bridges, reach all endpoints.
 */
function externalRules({ local }: PortRules, id: string): string[] {
  if (!local) return [markRule, `goto svc-${id}`]
  return [
    `fib saddr type local ${markRule} goto svc-${id}`,
    `meta iifkind "bridge" goto svc-${id}`,
    local.length > 0 ? `goto loc-${id}` : 'drop',
  ]
}

interface BalanceTarget {
  readonly chains: Map<string, readonly string[]>
  readonly affinitySets: Map<string, number>
}

function balanceRules(rule: PortRules, layout: BalanceTarget): string[] {
  return rule.affinitySeconds === undefined ? plainRules(rule) : affinityRules(rule, layout)
}

function plainRules({ protocol, endpoints }: PortRules): string[] {
  const [only] = endpoints
  if (only && endpoints.length === 1)
    return [`meta l4proto ${protocol} dnat to ${only.ip}:${only.port}`]
  const choices = endpoints.map(({ ip, port }, index) => `${index} : ${ip} . ${port}`)
  const map = `map { ${choices.join(', ')} }`
  return [`meta l4proto ${protocol} dnat ip to numgen random mod ${endpoints.length} ${map}`]
}

/** A client that a set remembers goes to that set's endpoint; others are dealt out, then remembered. */
function affinityRules(
  { key, protocol, endpoints, affinitySeconds = 0 }: PortRules,
  layout: BalanceTarget,
): string[] {
  const ids = endpoints.map((one) => shortHash(`${key} ${affinitySeconds} ${addressOf(one)}`))
  for (const [index, endpoint] of endpoints.entries()) {
    const id = ids[index] ?? ''
    layout.affinitySets.set(`aff-${id}`, affinitySeconds)
    layout.chains.set(`ep-${id}`, [
      `update @aff-${id} { ip saddr }`,
      `meta l4proto ${protocol} dnat to ${addressOf(endpoint)}`,
    ])
  }
  const choices = ids.map((id, index) => `${index} : goto ep-${id}`)
  return [
    ...ids.map((id) => `ip saddr @aff-${id} goto ep-${id}`),
    `numgen random mod ${ids.length} vmap { ${choices.join(', ')} }`,
  ]
}

function elementOf({ kind, ip, port }: Frontend, { protocol }: PortRules): string {
  return kind === 'node-port' ? `${protocol} . ${port}` : `${ip} . ${protocol} . ${port}`
}

function addressOf({ ip, port }: Endpoint): string {
  return `${ip}:${port}`
}

function affinitySetText(name: string, seconds: number): string {
  return `set ${name} { type ipv4_addr ; flags dynamic,timeout ; timeout ${seconds}s ; }`
}

function affinitySetIn(table: string, name: string, seconds: number): string {
  return affinitySetText(name, seconds).replace(`set ${name}`, `set ip ${table} ${name}`)
}

function ruleLines(table: string, chain: string, rules: readonly string[]): string[] {
  return rules.map((rule) => `add rule ip ${table} ${chain} ${rule}`)
}

/** Elements of a collection that one layout has and the other has not, or not so. */
function difference(name: CollectionName, has: Layout, lacks: Layout): Map<string, string> {
  const other = lacks.collections.get(name)
  return new Map(
    [...(has.collections.get(name) ?? [])].filter(
      ([element, verdict]) => other?.get(element) !== verdict,
    ),
  )
}

const elementsPerLine = 100

function elementLines(
  verb: 'add' | 'delete',
  table: string,
  name: CollectionName,
  elements: ReadonlyMap<string, string>,
): string[] {
  const parts = [...elements].map(([element, verdict]) =>
    verb === 'delete' || verdict === '' ? element : `${element} : ${verdict}`,
  )
  const lines: string[] = []
  for (let from = 0; from < parts.length; from += elementsPerLine) {
    const some = parts.slice(from, from + elementsPerLine).join(', ')
    lines.push(`${verb} element ip ${table} ${name} { ${some} }`)
  }
  return lines
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
