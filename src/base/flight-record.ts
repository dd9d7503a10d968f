/**
 * One line format for everything that happens: live cluster, simulator and demo write the same NDJSON,
 * so one viewer shows all of them. A line is one FlightEvent.
 */
export interface FlightEvent {
  /** Wall time in milliseconds, or simulated time in a simulation. */
  readonly timeMs: number
  /** The member, node or tool that speaks: `m1`, `w2`, `demo`. */
  readonly source: string
  /** What part of it: `raft`, `scheduler`, `controller`, `kubelet`, `proxy`, `sim`, `demo`. */
  readonly component: string
  /** What happened, in the field's words: `became-leader`, `pod-bound`, `container-started`. */
  readonly event: string
  readonly term?: number | undefined
  readonly index?: number | undefined
  readonly revision?: number | undefined
  /** Anything else, flat and small. */
  readonly detail?: Readonly<Record<string, string | number | boolean>> | undefined
}

/** What components get to speak through. The shell adds time and source. */
export type FlightEmit = (
  component: string,
  event: string,
  fields?: Omit<FlightEvent, 'timeMs' | 'source' | 'component' | 'event'>,
) => void

/** Encodes one event as one line, with the newline. */
export function flightLine(event: FlightEvent): string {
  return `${JSON.stringify(event)}\n`
}

/** Binds an emitter to its source and its clock. `write` gets whole lines. */
export function flightEmitter(
  source: string,
  wallMs: () => number,
  write: (line: string, event: FlightEvent) => void,
): FlightEmit {
  return (component, event, fields) => {
    const whole: FlightEvent = { timeMs: wallMs(), source, component, event, ...fields }
    write(flightLine(whole), whole)
  }
}

/** For parts that run without a record. */
export const flightSilence: FlightEmit = () => {}
