import type { MemberId } from '../../src/base/brand.ts'
import { nodeFlags } from '../../src/boot/local-cluster.ts'
import { type LatencyFigures, latencyFigures } from './figures.ts'
import { Forked } from './forked.ts'
import { memberSettings } from './member-settings.ts'
import type { PutsDone, StoreRequest } from './store-process.ts'

const ids = [1, 2, 3] as MemberId[]
const program = new URL('./store-process.js', import.meta.url)

/**
 * Three members of the store without an API, each a process with a Raft thread. Their clients are in the
 * members' own processes, as the API's handlers are: no connection between them and the store.
 */
export class NativeCluster {
  readonly #members: readonly Forked[]

  private constructor(members: readonly Forked[]) {
    this.#members = members
  }

  static async open(directory: string): Promise<NativeCluster> {
    const settings = await memberSettings(directory, ids)
    const members = ids.map(() => new Forked(program, () => {}, nodeFlags))
    const cluster = new NativeCluster(members)
    try {
      await Promise.all(
        [...settings.values()].map((one, at) => cluster.#ask(at, { kind: 'start', settings: one })),
      )
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }

  get pids(): number[] {
    return this.#members.map((member) => member.process.pid ?? 0)
  }

  /** The first client writes at the leader; the others are dealt to all members in turn. */
  async puts(clients: number, ms: number): Promise<LatencyFigures> {
    const leads = await Promise.all(ids.map((_, at) => this.#leads(at)))
    const first = Math.max(0, leads.indexOf(true))
    const done = await Promise.all(
      ids.map((_, nth) => {
        const share = Math.floor((clients + ids.length - 1 - nth) / ids.length)
        const at = (first + nth) % ids.length
        return this.#ask<PutsDone>(at, { kind: 'puts', clients: share, ms })
      }),
    )
    const latencies = done.flatMap((one) => one.latencies)
    return latencyFigures(latencies, Math.max(...done.map((one) => one.ms)))
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.kill('SIGKILL')))
  }

  async #leads(at: number): Promise<boolean> {
    return (await this.#ask<{ leads: boolean }>(at, { kind: 'leads' })).leads
  }

  #ask<T extends object>(at: number, request: StoreRequest): Promise<T> {
    return (this.#members[at] as Forked).ask<T>(request)
  }
}
