import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { processIsAlive } from './process-record.ts'

/**
 * The firewall rules around a private Docker engine. An engine wipes the chains named DOCKER when it
 * starts, another engine's too, and leaves its own behind when it ends. So what was there is put back
 * after a start, and the last private engine of this host takes the chains away, when the first one
 * found none.
 */
const runDirectory = '/run'
/** Kept over all private engines of this host. */
const hostRecord = `${runDirectory}/kijabi-engine-rules.json`

interface HostRecord {
  /** Docker sets FORWARD to DROP. */
  readonly forwardPolicyBefore: string
}

/** The lines of other engines' rules, as iptables-save prints them, by table. */
export type RulesBefore = ReadonlyMap<string, readonly string[]>

const tables = ['filter', 'nat'] as const

/** To be called before an engine starts. */
export function rememberRules(): RulesBefore {
  const before = new Map(tables.map((table) => [table, dockerRules(listing(table))]))
  const none = [...before.values()].every((rules) => rules.length === 0)
  if (none && !existsSync(hostRecord)) {
    const policy = /^-P FORWARD (\w+)$/m.exec(listing('filter'))?.[1] ?? 'ACCEPT'
    const record: HostRecord = { forwardPolicyBefore: policy }
    writeFileSync(hostRecord, JSON.stringify(record), { mode: 0o644 })
  }
  return before
}

/** Puts back what the start of an engine took away. */
export function restoreRules(before: RulesBefore): void {
  for (const [table, rules] of before) {
    const now = new Set(dockerRules(listing(table)))
    // Last first: each goes to the head of its chain, so their order stays.
    for (const rule of rules.filter((one) => !now.has(one)).reverse()) {
      const words = rule.split(' ')
      if (words.some((word) => word.includes('"'))) continue
      iptables('-t', table, '-I', ...words.slice(1))
    }
  }
}

/** Takes the chains away when the first private engine made them and no other one runs. */
export function removeRules(ownBase: string): void {
  if (!existsSync(hostRecord) || otherEngines(ownBase)) return
  // Our networks are gone: what still names a device belongs to an engine that came later.
  const foreign = tables.flatMap((table) => dockerRules(listing(table)))
  if (foreign.some((rule) => / -[io] /.test(rule))) return
  const record = JSON.parse(readFileSync(hostRecord, 'utf8')) as HostRecord
  for (const table of tables) {
    const text = listing(table)
    for (const rule of dockerRules(text))
      if (!rule.startsWith('-A DOCKER')) iptables('-t', table, '-D', ...rule.split(' ').slice(1))
    const chains = [...text.matchAll(/^-N (DOCKER\S*)$/gm)].map((match) => match[1] ?? '')
    for (const chain of chains) iptables('-t', table, '-F', chain)
    for (const chain of chains) iptables('-t', table, '-X', chain)
  }
  iptables('-P', 'FORWARD', record.forwardPolicyBefore)
  rmSync(hostRecord)
}

/** PURE: of a chain listing, the rules in Docker's chains and those that lead there. */
export function dockerRules(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => /^-A DOCKER/.test(line) || /^-A .* -j DOCKER\S*$/.test(line))
}

function otherEngines(ownBase: string): boolean {
  return readdirSync(runDirectory)
    .filter((name) => /^kijabi-[0-9a-f]+$/.test(name) && `${runDirectory}/${name}` !== ownBase)
    .some((name) => {
      const file = `${runDirectory}/${name}/docker.pid`
      return existsSync(file) && processIsAlive(Number(readFileSync(file, 'utf8')), 'dockerd')
    })
}

function listing(table: string): string {
  return spawnSync('iptables', ['-w', '-t', table, '-S'], { encoding: 'utf8' }).stdout ?? ''
}

function iptables(...parameters: string[]): void {
  spawnSync('iptables', ['-w', ...parameters])
}
