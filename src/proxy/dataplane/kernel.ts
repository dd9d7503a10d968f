import { readFile } from 'node:fs/promises'
import type { Logger } from '../../base/log.ts'
import type { PortRules } from '../rules.ts'
import { acceptForwarded, stopAcceptingForwarded } from './docker-forward.ts'
import { changeText, fullText, type Layout, layoutOf, removalText } from './nftables.ts'
import type { RunProgram } from './program.ts'
import { staleFlows } from './stale-flows.ts'

/** What a set of rules is written to. Calls come one at a time. */
export interface Dataplane {
  /** Makes the rules hold. Rejects when they do not; the next call then starts from nothing. */
  apply(rules: readonly PortRules[]): Promise<void>
  /** False when someone else removed what apply wrote. */
  intact(): Promise<boolean>
  /** Removes all that apply wrote. */
  remove(): Promise<void>
  /** True when what apply wrote stays in force after this process has ended. */
  readonly outlivesProcess: boolean
}

export interface KernelOptions {
  readonly table: string
  readonly logger: Logger
  readonly run: RunProgram
  readonly masqueradeAll: boolean
}

/** The nftables table of this network namespace. */
export class KernelDataplane implements Dataplane {
  readonly outlivesProcess = true
  readonly #options: KernelOptions
  /** What the kernel holds; undefined when that is not known. */
  #layout: Layout | undefined
  #rules: readonly PortRules[] = []

  constructor(options: KernelOptions) {
    this.#options = options
  }

  async apply(rules: readonly PortRules[]): Promise<void> {
    const { table, masqueradeAll } = this.#options
    const before = this.#layout
    const after = layoutOf(rules, { masqueradeAll })
    this.#layout = undefined
    if (!before || !(await this.#change(before, after))) {
      await this.#nft(fullText(table, after))
      await acceptForwarded(this.#options.run, table)
    }
    this.#layout = after
    await this.#forgetFlows(rules)
    this.#rules = rules
  }

  async intact(): Promise<boolean> {
    const { run, table } = this.#options
    try {
      await run('nft', ['list', 'chain', 'ip', table, 'nat-prerouting'], '')
      return true
    } catch {
      // Whether it is gone or cannot be read: the remedy is to write it whole.
      this.#layout = undefined
      return false
    }
  }

  async remove(): Promise<void> {
    const { run, table } = this.#options
    this.#layout = undefined
    await this.#nft(removalText(table))
    await stopAcceptingForwarded(run, table)
  }

  /** False when the difference did not apply, as after someone else's changes: then all is rewritten. */
  async #change(before: Layout, after: Layout): Promise<boolean> {
    const text = changeText(this.#options.table, before, after)
    if (text === undefined) return true
    try {
      await this.#nft(text)
      return true
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'kernel rules are rewritten from nothing')
      return false
    }
  }

  async #nft(text: string): Promise<void> {
    await this.#options.run('nft', ['-f', '-'], text)
  }

  /** UDP flows keep their old endpoint until they expire: those of endpoints that are gone are cut. */
  async #forgetFlows(rules: readonly PortRules[]): Promise<void> {
    for (const args of staleFlows(this.#rules, rules))
      try {
        await this.#options.run('conntrack', args, '')
      } catch (error) {
        // It fails when there was no such flow, and when the tool is missing; neither breaks a rule.
        this.#options.logger.debug({ err: error }, 'no flows were cut')
      }
  }
}

/** Whether this process may write kernel rules. */
export async function kernelIsWritable(run: RunProgram, table: string): Promise<boolean> {
  try {
    // A check only: nothing is written.
    await run('nft', ['-c', '-f', '-'], `add table ip ${table}\n`)
    return true
  } catch {
    return false
  }
}

/** Whether frames within one bridge pass connection tracking, so that replies find their way back. */
export async function bridgedFramesAreTracked(): Promise<boolean> {
  try {
    const text = await readFile('/proc/sys/net/bridge/bridge-nf-call-iptables', 'utf8')
    return text.trim() === '1'
  } catch {
    return false
  }
}
