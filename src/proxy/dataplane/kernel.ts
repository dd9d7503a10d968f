import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Logger } from '../../base/log.ts'
import type { PortRules } from '../rules.ts'
import { changeText, fullText, type Layout, layoutOf, removalText } from './nftables.ts'
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

/** Runs a program with `input` and resolves to its output; rejects when it fails. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  input: string,
) => Promise<string>

export interface KernelOptions {
  readonly table: string
  readonly logger: Logger
  readonly run: RunProgram
  readonly masqueradeAll: boolean
}

const outputBytesMax = 1024 * 1024
const programMsMax = 30_000

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
    if (!before || !(await this.#change(before, after))) await this.#nft(fullText(table, after))
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
    this.#layout = undefined
    await this.#nft(removalText(this.#options.table))
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

/** Runs programs of this machine, also those in the system folders that PATH may lack. */
export const runProgram: RunProgram = (program, args, input) =>
  new Promise((resolve, reject) => {
    const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: path },
      timeout: programMsMax,
    })
    let output = ''
    let complaint = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (output.length < outputBytesMax) output += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (complaint.length < outputBytesMax) complaint += chunk
    })
    // A program that ends early closes its input; its exit code tells why.
    child.stdin.on('error', () => {})
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output)
      else
        reject(new Error(`${program} ended with ${signal ?? code}: ${complaint.slice(0, 2_000)}`))
    })
    child.stdin.end(input)
  })

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
