import assert from 'node:assert/strict'
import type { Container, Pod } from '../../../src/kinds/types.ts'
import type { BackoffEntry } from '../../../src/kubelet/backoff.ts'
import { containerHash } from '../../../src/kubelet/desired.ts'
import { nothingObserved, type ObservedPod, observePods } from '../../../src/kubelet/observe.ts'
import { computePodActions, type Plan, type PodAction } from '../../../src/kubelet/plan.ts'
import type { ContainerState, SandboxState } from '../../../src/kubelet/runtime/runtime.ts'
import { sandboxOf, stateOf } from './pods.ts'

/**
 * The simplest runtime that can be: performs a plan's actions on two lists, and checks with each what
 * must never happen.
 */
export class ModelRuntime {
  readonly pod: Pod
  nowMs = 1_000
  deleted = false
  sandboxes: SandboxState[] = []
  containers: ContainerState[] = []
  readonly #backoff = new Map<string, BackoffEntry>()
  readonly #killing = new Map<string, number>()
  #ids = 0

  constructor(pod: Pod) {
    this.pod = pod
  }

  observed(): ObservedPod {
    const { sandboxes, containers } = this
    return (
      observePods({ sandboxes, containers }).get(this.pod.metadata.uid ?? '') ??
      nothingObserved(sandboxOf(this.pod).pod)
    )
  }

  plan(): Plan {
    return computePodActions({
      pod: this.pod,
      observed: this.observed(),
      nowMs: this.nowMs,
      backoff: this.#backoff,
      heldUntilMs: new Map(),
      probes: new Map(),
      killing: this.#killing,
      ending: this.deleted ? { graceSeconds: 5, why: 'deleted' } : undefined,
    })
  }

  /** Plans and performs until there is nothing to do now; kills take effect at once. */
  settle(): Plan {
    for (let rounds = 0; rounds < 100; rounds += 1) {
      const plan = this.plan()
      if (plan.actions.length === 0) return plan
      for (const action of plan.actions) this.perform(action)
    }
    throw new Error('the plan never comes to rest')
  }

  perform(action: PodAction): void {
    this.nowMs += 1
    switch (action.do) {
      case 'runSandbox': {
        assert.ok(!this.sandboxes.some((one) => one.ready), 'one ready sandbox at a time')
        const attempts = this.sandboxes.map((one) => one.attempt)
        assert.ok(!attempts.includes(action.attempt), 'a sandbox has a number of its own')
        this.#ids += 1
        const id = `sandbox-${this.#ids}`
        const { attempt } = action
        this.sandboxes.push(sandboxOf(this.pod, { id, attempt, createdMs: this.nowMs }))
        break
      }
      case 'startContainer':
        this.#start(action)
        break
      case 'killContainer':
        this.exit(action.id, 137)
        break
      case 'stopSandbox':
        this.loseSandbox(action.id)
        break
      case 'removeSandbox':
        assert.ok(!this.sandboxes.find((one) => one.id === action.id)?.ready, 'it has ended')
        this.sandboxes = this.sandboxes.filter((one) => one.id !== action.id)
        this.containers = this.containers.filter((one) => one.sandboxId !== action.id)
        break
      case 'removeContainer':
        assert.notEqual(this.#find(action.id).state, 'running', 'nothing that runs is removed')
        this.containers = this.containers.filter((one) => one.id !== action.id)
        break
    }
  }

  /** A container ends by itself. */
  exit(id: string, exitCode: number): void {
    const one = this.#find(id)
    if (one.state !== 'running') return
    this.nowMs += 1
    const ended = { ...one, state: 'exited' as const, exitCode, finishedMs: this.nowMs }
    this.containers = this.containers.map((other) => (other.id === id ? ended : other))
  }

  /** The sandbox dies; what runs in it may go on or die with it. */
  loseSandbox(id: string): void {
    this.sandboxes = this.sandboxes.map((one) => (one.id === id ? { ...one, ready: false } : one))
  }

  running(): ContainerState[] {
    return this.containers.filter((one) => one.state === 'running')
  }

  #start(action: Extract<PodAction, { do: 'startContainer' }>): void {
    const { container, attempt, sandboxId, kind, backoff } = action
    const sandbox = this.sandboxes.find((one) => one.id === sandboxId)
    assert.ok(sandbox?.ready, 'containers start in a sandbox that is ready')
    const same = this.containers.filter((one) => one.name === container.name)
    assert.ok(!same.some((one) => one.state === 'running'), `one ${container.name} at a time`)
    assert.ok(
      same.every((one) => one.attempt < attempt),
      'attempts grow',
    )
    if (kind === 'container') this.#assertInitialized(container)
    if (backoff) this.#backoff.set(container.name, backoff)
    this.#ids += 1
    const id = `${container.name}-${this.#ids}`
    this.containers.push(
      stateOf(this.pod, container, {
        id,
        sandboxId,
        kind,
        attempt,
        hash: containerHash(container),
        createdMs: this.nowMs,
        startedMs: this.nowMs,
      }),
    )
  }

  /** Init containers have succeeded in this sandbox, or main ones ran in it already. */
  #assertInitialized(container: Container): void {
    const sandbox = this.sandboxes.at(-1)?.id
    const here = this.containers.filter((one) => one.sandboxId === sandbox)
    const mains = (this.pod.spec?.containers ?? []).map((one) => one.name)
    if (here.some((one) => mains.includes(one.name))) return
    for (const init of this.pod.spec?.initContainers ?? [])
      assert.ok(
        here.some((one) => one.name === init.name && one.exitCode === 0),
        `${init.name} succeeded before ${container.name} starts`,
      )
  }

  #find(id: string): ContainerState {
    const found = this.containers.find((one) => one.id === id)
    assert.ok(found, `container ${id} exists`)
    return found
  }
}
