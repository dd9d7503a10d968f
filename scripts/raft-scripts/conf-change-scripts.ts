import {
  type ConfBase,
  ConfChangeError,
  type ConfOutcome,
  enterJoint,
  leaveJoint,
  simple,
} from '../../src/raft/core/conf-change.ts'
import { Tracker } from '../../src/raft/core/tracker.ts'
import { describeConfig, describeProgressMap, parseChanges } from './describe.ts'
import { type ScriptCase, truth } from './parse.ts'

/** `simple`, `enter-joint` and `leave-joint`, one after the other on one configuration. */
export class ConfChangeScript {
  readonly #tracker = new Tracker(10, Number.POSITIVE_INFINITY)
  #lastIndex = 0

  run(one: ScriptCase): string {
    const { config, progress } = this.#tracker
    const tracker = this.#tracker
    const base: ConfBase = { config, progress, lastIndex: this.#lastIndex, tracker }
    this.#lastIndex += 1
    let outcome: ConfOutcome
    try {
      outcome = change(base, one)
    } catch (error) {
      if (error instanceof ConfChangeError) return `${error.message}\n`
      throw error
    }
    tracker.switchTo(outcome.config, outcome.progress)
    return `${describeConfig(tracker.config)}\n${describeProgressMap(tracker.progress)}`
  }
}

function change(base: ConfBase, { command, options, input }: ScriptCase): ConfOutcome {
  const changes = parseChanges(input)
  let autoLeave = false
  for (const { key, values } of options) {
    if (command !== 'enter-joint' || key !== 'autoleave') throw new Error(`unknown option ${key}`)
    autoLeave = truth(values[0])
  }
  if (command === 'simple') return simple(base, changes)
  if (command === 'enter-joint') return enterJoint(base, autoLeave, changes)
  if (command !== 'leave-joint') throw new Error(`unknown command ${command}`)
  if (changes.length > 0) throw new Error('leave-joint takes no input')
  return leaveJoint(base)
}
