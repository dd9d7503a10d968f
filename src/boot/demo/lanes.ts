import type { FlightEvent } from '../../base/flight-record.ts'

/** What the screen shows of one member. */
export interface Lane {
  readonly name: string
  role: string
  term: number
  commit: number
  /** Pods on it, for workers. */
  pods: number
}

/** Picture of a cluster, fed by flight events and status; rendering is a function of it. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()

  constructor(masters: readonly string[], workers: readonly string[]) {
    for (const name of masters) this.#add(name, 'starting')
    for (const name of workers) this.#add(name, 'worker')
  }

  apply(event: FlightEvent): void {
    const lane = this.#lanes.get(event.source)
    if (!lane) return
    if (event.component === 'raft' && event.event.startsWith('became-')) {
      lane.role = event.event.slice('became-'.length)
      lane.term = event.term ?? lane.term
    }
    if (event.component === 'raft' && event.index !== undefined) lane.commit = event.index
  }

  /** Sets what a poll or a kill told. */
  set(name: string, change: Partial<Omit<Lane, 'name'>>): void {
    const lane = this.#lanes.get(name)
    if (lane) Object.assign(lane, change)
  }

  /** One line a member: `m1  leader     term 3  commit 1203  ####`. */
  render(width: number): string[] {
    const lanes = [...this.#lanes.values()]
    const commitMax = Math.max(1, ...lanes.map((lane) => lane.commit))
    return lanes.map((lane) => {
      const head = `${lane.name.padEnd(4)} ${lane.role.padEnd(13)}`
      if (lane.role === 'worker' || lane.commit === 0)
        return `${head} ${lane.pods > 0 ? '[pod] '.repeat(lane.pods).trim() : ''}`.trimEnd()
      const figures = `term ${String(lane.term).padEnd(4)} commit ${String(lane.commit).padEnd(8)}`
      const room = Math.max(0, Math.min(30, width - head.length - figures.length - 4))
      const bar = '#'.repeat(Math.round((lane.commit / commitMax) * room))
      return `${head} ${figures} ${bar}`.trimEnd()
    })
  }

  #add(name: string, role: string): void {
    this.#lanes.set(name, { name, role, term: 0, commit: 0, pods: 0 })
  }
}

/** Events that tell the story; the record keeps all of them. */
export function isNews(event: FlightEvent): boolean {
  return (
    event.component === 'demo' ||
    event.event.startsWith('became-') ||
    ['leading', 'leader-lost-hint', 'pod-bound', 'pod-ready', 'pod-evicted'].includes(
      event.event,
    ) ||
    ['node-not-ready', 'node-ready', 'container-started'].includes(event.event)
  )
}

/** `+12.345s  m2   raft        became-leader  term=4 index=120`. */
export function newsLine(event: FlightEvent, startMs: number): string {
  const seconds = ((event.timeMs - startMs) / 1000).toFixed(3)
  const time = `${event.timeMs < startMs ? '' : '+'}${seconds}s`
  const fields = [
    ...(event.term === undefined ? [] : [`term=${event.term}`]),
    ...(event.index === undefined ? [] : [`index=${event.index}`]),
    ...Object.entries(event.detail ?? {}).map(([name, value]) => `${name}=${value}`),
  ]
  const place = `${event.source.padEnd(5)} ${event.component.padEnd(11)}`
  return `${time}  ${place} ${event.event}  ${fields.join(' ')}`.trimEnd()
}
