import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pod } from '../../../src/kinds/types.ts'
import { observePods } from '../../../src/kubelet/observe.ts'
import { computePodActions, type Plan, type PlanInput } from '../../../src/kubelet/plan.ts'
import type { ContainerState, SandboxState } from '../../../src/kubelet/runtime/runtime.ts'
import { containerOf, exitedOf, podOf, sandboxOf, stateOf } from './pods.ts'

function planFor(
  pod: Pod,
  sandboxes: SandboxState[],
  containers: ContainerState[],
  more: Partial<PlanInput> = {},
): Plan {
  const observed = observePods({ sandboxes, containers }).get(pod.metadata.uid ?? '') ?? {
    pod: sandboxOf(pod).pod,
    sandboxes: [],
    containers: new Map(),
  }
  return computePodActions({
    pod,
    observed,
    nowMs: 10_000,
    backoff: new Map(),
    heldUntilMs: new Map(),
    probes: new Map(),
    killing: new Map(),
    ending: undefined,
    ...more,
  })
}

/** Actions as short text: `start main#0`, `kill main-0 30`. */
function said(plan: Plan): string[] {
  return plan.actions.map((action) => {
    switch (action.do) {
      case 'startContainer':
        return `start ${action.container.name}#${action.attempt}`
      case 'killContainer':
        return `kill ${action.id} ${action.graceSeconds} ${action.why}`
      case 'runSandbox':
        return `sandbox#${action.attempt}`
      default:
        return `${action.do} ${action.id}`
    }
  })
}

describe('plan of a pod that shall run', () => {
  const pod = podOf()
  const main = containerOf('main')

  test('makes a sandbox first, then its containers', () => {
    assert.deepEqual(said(planFor(pod, [], [])), ['sandbox#0'])
    assert.deepEqual(said(planFor(pod, [sandboxOf(pod)], [])), ['start main#0'])
    assert.deepEqual(said(planFor(pod, [sandboxOf(pod)], [stateOf(pod, main)])), [])
  })

  test('a lost sandbox takes its containers along and is replaced', () => {
    const dead = sandboxOf(pod, { ready: false })
    assert.deepEqual(said(planFor(pod, [dead], [stateOf(pod, main)])), ['kill main-0 0 sandbox'])
    assert.deepEqual(said(planFor(pod, [dead], [exitedOf(pod, main, 137)])), ['sandbox#1'])
    const fresh = sandboxOf(pod, { attempt: 1 })
    const then = planFor(pod, [dead, fresh], [exitedOf(pod, main, 137)])
    assert.deepEqual(said(then), ['start main#1'], 'without back-off: it did not crash')
  })

  test('a crashed container starts at once, then after 10 s, then after 20 s', () => {
    const sandbox = sandboxOf(pod)
    const first = planFor(pod, [sandbox], [exitedOf(pod, main, 1)], { nowMs: 2000 })
    assert.deepEqual(said(first), ['start main#1'])
    const started = first.actions[0]
    assert.ok(started?.do === 'startContainer' && started.backoff)
    const backoff = new Map([['main', started.backoff]])
    const crashed = exitedOf(pod, main, 1, { attempt: 1, finishedMs: 3000 })
    const waiting = planFor(pod, [sandbox], [crashed], { nowMs: 4000, backoff })
    assert.deepEqual(said(waiting), [])
    assert.equal(waiting.wakeAtMs, 13_000)
    assert.equal(waiting.backingOff.get('main'), 13_000)
    const second = planFor(pod, [sandbox], [crashed], { nowMs: 13_000, backoff })
    assert.deepEqual(said(second), ['start main#2'])
    const again = second.actions[0]
    assert.ok(again?.do === 'startContainer')
    assert.equal(again.backoff?.delayMs, 20_000)
  })

  test('a restarted kubelet reads the back-off from the attempt number', () => {
    const crashed = exitedOf(pod, main, 1, { attempt: 3, startedMs: 1000, finishedMs: 2000 })
    assert.equal(planFor(pod, [sandboxOf(pod)], [crashed], { nowMs: 2001 }).wakeAtMs, 42_000)
  })

  test('restart policies', () => {
    const rows: [string, number, string[]][] = [
      ['Always', 0, ['start main#1']],
      ['Always', 1, ['start main#1']],
      ['OnFailure', 0, ['stopSandbox sandbox-0']],
      ['OnFailure', 1, ['start main#1']],
      ['Never', 0, ['stopSandbox sandbox-0']],
      ['Never', 1, ['stopSandbox sandbox-0']],
    ]
    for (const [restartPolicy, code, expected] of rows) {
      const one = podOf({ restartPolicy })
      const plan = planFor(one, [sandboxOf(one)], [exitedOf(one, main, code)])
      assert.deepEqual(said(plan), expected, `${restartPolicy} after exit ${code}`)
    }
  })

  test('a changed image or a failed liveness or startup probe ends the container with its grace', () => {
    const graced = podOf({ terminationGracePeriodSeconds: 7 })
    const sandboxes = [sandboxOf(graced)]
    const running = stateOf(graced, main)
    const old = stateOf(graced, main, { hash: 'other' })
    assert.deepEqual(said(planFor(graced, sandboxes, [old])), ['kill main-0 7 changed'])
    for (const which of ['liveness', 'startup'] as const) {
      const verdict = { liveness: 'unknown', startup: 'unknown', [which]: 'failure' } as const
      const probes = new Map([['main-0', verdict]])
      const plan = planFor(graced, sandboxes, [running], { probes })
      assert.deepEqual(said(plan), [`kill main-0 7 ${which}`])
      const killing = new Map([['main-0', 1]])
      assert.deepEqual(said(planFor(graced, sandboxes, [running], { probes, killing })), [])
    }
  })

  test('init containers run one after the other, before the main ones', () => {
    const [a, b] = [containerOf('a'), containerOf('b')]
    const one = podOf({ initContainers: [a, b] })
    const at = (...containers: ContainerState[]) => said(planFor(one, [sandboxOf(one)], containers))
    assert.deepEqual(at(), ['start a#0'])
    assert.deepEqual(at(stateOf(one, a)), [])
    assert.deepEqual(at(exitedOf(one, a, 1)), ['start a#1'])
    assert.deepEqual(at(exitedOf(one, a, 0)), ['start b#0'])
    assert.deepEqual(at(exitedOf(one, a, 0), exitedOf(one, b, 0)), ['start main#0'])
  })

  test('a failed init container ends a pod that never restarts', () => {
    const a = containerOf('a')
    const one = podOf({ initContainers: [a], restartPolicy: 'Never' })
    const plan = planFor(one, [sandboxOf(one)], [exitedOf(one, a, 3)])
    assert.deepEqual(said(plan), ['stopSandbox sandbox-0'])
  })

  test('a sidecar starts before the main containers, restarts, and ends after them', () => {
    const side = containerOf('side', { restartPolicy: 'Always' })
    const one = podOf({ initContainers: [side] })
    const sandboxes = [sandboxOf(one)]
    assert.deepEqual(said(planFor(one, sandboxes, [])), ['start side#0'])
    const sideState = stateOf(one, side, { kind: 'init' })
    assert.deepEqual(said(planFor(one, sandboxes, [sideState])), ['start main#0'])
    const gone = [exitedOf(one, side, 1), stateOf(one, main)]
    assert.deepEqual(said(planFor(one, sandboxes, gone)), ['start side#1'])
    const ending = { graceSeconds: 5, why: 'deleted' } as const
    const both = [sideState, stateOf(one, main)]
    assert.deepEqual(said(planFor(one, sandboxes, both, { ending })), ['kill main-0 5 deleted'])
    const last = [sideState, exitedOf(one, main, 0)]
    assert.deepEqual(said(planFor(one, sandboxes, last, { ending })), ['kill side-0 5 deleted'])
  })

  test('an ephemeral container starts once, beside whatever runs, and never again', () => {
    const debug = { ...containerOf('debug'), targetContainerName: 'main' }
    const debugged = podOf({ ephemeralContainers: [debug] })
    const sandbox = sandboxOf(debugged)
    const running = stateOf(debugged, main)
    assert.deepEqual(said(planFor(debugged, [sandbox], [])), ['start main#0'])
    const { actions } = planFor(debugged, [sandbox], [running])
    const [start] = actions
    assert.ok(start?.do === 'startContainer' && actions.length === 1)
    assert.deepEqual(
      [start.kind, start.container.name, start.targetId],
      ['ephemeral', 'debug', running.id],
    )
    for (const state of [stateOf(debugged, debug), exitedOf(debugged, debug, 0)])
      assert.deepEqual(said(planFor(debugged, [sandbox], [running, state])), [])
  })

  test('only the last two containers of a name are kept', () => {
    const states = [0, 1, 2].map((attempt) => exitedOf(pod, main, 1, { attempt }))
    const running = stateOf(pod, main, { attempt: 3 })
    const plan = planFor(pod, [sandboxOf(pod)], [...states, running])
    assert.deepEqual(said(plan), ['removeContainer main-1', 'removeContainer main-0'])
  })

  test('a container that was made but not started is made anew under its number', () => {
    const made = stateOf(pod, main, { state: 'created', attempt: 2 })
    const plan = planFor(pod, [sandboxOf(pod)], [made])
    assert.deepEqual(said(plan), ['removeContainer main-2', 'start main#2'])
  })
})

describe('plan of a pod that shall end', () => {
  const pod = podOf()
  const main = containerOf('main')
  const ending = { graceSeconds: 30, why: 'deleted' } as const

  test('kills, then stops the sandbox, then is finished', () => {
    const sandbox = sandboxOf(pod)
    const running = planFor(pod, [sandbox], [stateOf(pod, main)], { ending })
    assert.deepEqual(said(running), ['kill main-0 30 deleted'])
    const dead = planFor(pod, [sandbox], [exitedOf(pod, main, 0)], { ending })
    assert.deepEqual(said(dead), ['stopSandbox sandbox-0'])
    const over = [sandboxOf(pod, { ready: false })]
    const last = planFor(pod, over, [exitedOf(pod, main, 0)], { ending })
    assert.deepEqual([said(last), last.finished], [[], true])
  })

  test('a shorter grace than the one under way kills again, a longer one does not', () => {
    const killing = new Map([['main-0', 10_000 + 20_000]])
    const at = (graceSeconds: number) =>
      said(
        planFor(pod, [sandboxOf(pod)], [stateOf(pod, main)], {
          killing,
          ending: { graceSeconds, why: 'deleted' },
        }),
      )
    assert.deepEqual(at(30), [])
    assert.deepEqual(at(1), ['kill main-0 1 deleted'])
  })

  test('a phase that is final never runs again', () => {
    const done = { ...pod, status: { phase: 'Succeeded' } }
    const plan = planFor(done, [], [])
    assert.deepEqual([said(plan), plan.finished], [[], true])
  })
})
