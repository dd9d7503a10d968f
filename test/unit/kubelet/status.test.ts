import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pod, PodStatus } from '../../../src/kinds/types.ts'
import { nothingObserved, observePods } from '../../../src/kubelet/observe.ts'
import type { ContainerState, SandboxState } from '../../../src/kubelet/runtime/runtime.ts'
import {
  isReady,
  podStatus,
  type StatusInput,
  sameJson,
  statusPatch,
} from '../../../src/kubelet/status.ts'
import { containerOf, exitedOf, podOf, sandboxOf, stateOf } from './pods.ts'

function statusOf(
  pod: Pod,
  sandboxes: SandboxState[],
  containers: ContainerState[],
  more: Partial<StatusInput> = {},
): PodStatus {
  const identity = sandboxOf(pod).pod
  return podStatus({
    pod,
    observed: observePods({ sandboxes, containers }).get(identity.uid) ?? nothingObserved(identity),
    nowMs: Date.UTC(2026, 0, 1),
    hostIp: '10.0.0.9',
    runtimeName: 'docker',
    waiting: new Map(),
    health: new Map(),
    terminationMessages: new Map(),
    failure: undefined,
    finished: false,
    ...more,
  })
}

const condition = (status: PodStatus, type: string) =>
  status.conditions?.find((one) => one.type === type)

describe('status of a pod', () => {
  const pod = podOf()
  const main = containerOf('main')
  const sandbox = sandboxOf(pod)

  test('phases', () => {
    const never = podOf({ restartPolicy: 'Never' })
    const onFailure = podOf({ restartPolicy: 'OnFailure' })
    const rows: [string, Pod, ContainerState[], string][] = [
      ['nothing yet', pod, [], 'Pending'],
      ['running', pod, [stateOf(pod, main)], 'Running'],
      ['ended, will restart', pod, [exitedOf(pod, main, 0)], 'Running'],
      ['never, ended well', never, [exitedOf(never, main, 0)], 'Succeeded'],
      ['never, ended badly', never, [exitedOf(never, main, 2)], 'Failed'],
      ['on failure, ended well', onFailure, [exitedOf(onFailure, main, 0)], 'Succeeded'],
      ['on failure, ended badly', onFailure, [exitedOf(onFailure, main, 1)], 'Running'],
    ]
    for (const [name, one, containers, phase] of rows)
      assert.equal(statusOf(one, [sandbox], containers).phase, phase, name)
    const final = { ...pod, status: { phase: 'Succeeded' } }
    assert.equal(statusOf(final, [], []).phase, 'Succeeded', 'a final phase stays')
  })

  test('init containers hold the pod in Pending', () => {
    const init = containerOf('init')
    const one = podOf({ initContainers: [init] })
    const early = statusOf(one, [sandbox], [stateOf(one, init)])
    assert.equal(early.phase, 'Pending')
    assert.equal(early.containerStatuses?.[0]?.state?.waiting?.reason, 'PodInitializing')
    assert.equal(condition(early, 'Initialized')?.status, 'False')
    const later = statusOf(one, [sandbox], [exitedOf(one, init, 0)])
    assert.equal(later.containerStatuses?.[0]?.state?.waiting?.reason, 'PodInitializing')
    const unbegun = statusOf(one, [sandbox], [])
    assert.equal(unbegun.initContainerStatuses?.[0]?.state?.waiting?.reason, 'PodInitializing')
    assert.equal(condition(later, 'Initialized')?.status, 'True')
    const never = podOf({ initContainers: [init], restartPolicy: 'Never' })
    assert.equal(statusOf(never, [sandbox], [exitedOf(never, init, 1)]).phase, 'Failed')
  })

  test('Ready follows probes, and gates of others', () => {
    const running = [stateOf(pod, main)]
    const unready = new Map([['main-0', { started: true, ready: false }]])
    const status = statusOf(pod, [sandbox], running, { health: unready })
    assert.equal(isReady(status), false)
    assert.equal(condition(status, 'Ready')?.message, 'containers with unready status: [main]')
    assert.ok(isReady(statusOf(pod, [sandbox], running)))
    const gated = podOf({ readinessGates: [{ conditionType: 'example.com/go' }] })
    const held = statusOf(gated, [sandbox], running)
    assert.equal(condition(held, 'Ready')?.reason, 'ReadinessGatesNotReady')
    const conditions = [{ type: 'example.com/go', status: 'True' }]
    const open = statusOf({ ...gated, status: { conditions } }, [sandbox], running)
    assert.ok(isReady(open))
    assert.ok(condition(open, 'example.com/go'), 'conditions of others stay')
  })

  test('a condition keeps the time of its last change', () => {
    const before = statusOf(pod, [sandbox], [stateOf(pod, main)])
    const later = { nowMs: Date.UTC(2026, 0, 2) }
    const same = statusOf({ ...pod, status: before }, [sandbox], [stateOf(pod, main)], later)
    assert.equal(
      condition(same, 'Ready')?.lastTransitionTime,
      condition(before, 'Ready')?.lastTransitionTime,
    )
    assert.equal(statusPatch(before, same), undefined, 'nothing to tell')
    const ended = statusOf({ ...pod, status: before }, [sandbox], [exitedOf(pod, main, 1)], later)
    assert.equal(condition(ended, 'Ready')?.lastTransitionTime, '2026-01-02T00:00:00Z')
  })

  test('a restarted container shows its last state and its count', () => {
    const states = [
      stateOf(pod, main, { attempt: 2 }),
      exitedOf(pod, main, 137, { attempt: 1, oomKilled: true }),
    ]
    const [status] = statusOf(pod, [sandbox], states).containerStatuses ?? []
    assert.equal(status?.restartCount, 2)
    assert.equal(status?.lastState?.terminated?.reason, 'OOMKilled')
    assert.equal(status?.containerID, 'docker://main-2')
    assert.equal(status?.started, true)
  })

  test('reasons for waiting and for having ended', () => {
    const waiting = new Map([['main', { reason: 'CrashLoopBackOff', message: 'back-off 10s' }]])
    const crashed = exitedOf(pod, main, 1)
    const [looping] = statusOf(pod, [sandbox], [crashed], { waiting }).containerStatuses ?? []
    assert.equal(looping?.state?.waiting?.reason, 'CrashLoopBackOff')
    assert.equal(looping?.lastState?.terminated?.exitCode, 1)
    const messages = new Map([['main-0', 'disk full']])
    const [told] =
      statusOf(pod, [sandbox], [crashed], { terminationMessages: messages }).containerStatuses ?? []
    assert.equal(told?.state?.terminated?.message, 'disk full')
    const broken = exitedOf(pod, main, 127, { startError: 'no such file' })
    const [never] = statusOf(pod, [sandbox], [broken]).containerStatuses ?? []
    assert.equal(never?.state?.terminated?.reason, 'ContainerCannotRun')
  })

  test('a pod past its deadline fails once everything has ended', () => {
    const failure = { reason: 'DeadlineExceeded', message: 'too long' }
    const running = { ...pod, status: { phase: 'Running' } }
    const ending = statusOf(running, [sandbox], [stateOf(pod, main)], { failure })
    assert.equal(ending.phase, 'Running')
    const over = { failure, finished: true }
    const ended = statusOf(running, [], [exitedOf(pod, main, 137)], over)
    assert.deepEqual([ended.phase, ended.reason], ['Failed', 'DeadlineExceeded'])
  })

  test('a failed init container leaves the pod uninitialized', () => {
    const init = containerOf('one')
    const failing = podOf({ restartPolicy: 'Never', initContainers: [init] })
    const ended = [{ ...exitedOf(failing, init, 9), kind: 'init' as const }]
    const status = statusOf(failing, [sandbox], ended, { finished: true })
    assert.equal(status.phase, 'Failed')
    assert.equal(condition(status, 'Initialized')?.status, 'False')
    assert.equal(condition(status, 'Ready')?.reason, 'PodFailed')
    assert.deepEqual(status.containerStatuses?.[0]?.state, {
      waiting: { reason: 'PodInitializing' },
    })
  })

  test('nothing waits in a pod that is over', () => {
    const failure = { reason: 'DeadlineExceeded', message: 'late' }
    const status = statusOf(pod, [sandbox], [], { failure, finished: true })
    assert.equal(status.phase, 'Failed')
    const state = status.containerStatuses?.[0]?.state
    assert.deepEqual(
      [state?.waiting, state?.terminated?.exitCode, state?.terminated?.reason],
      [undefined, 137, 'ContainerStatusUnknown'],
    )
  })

  test('addresses: the sandbox’s, or the host’s with the host’s network', () => {
    assert.equal(statusOf(pod, [sandbox], []).podIP, '10.0.0.1')
    const host = podOf({ hostNetwork: true })
    const onHost = sandboxOf(host, { ip: undefined })
    assert.equal(statusOf(host, [onHost], []).podIP, '10.0.0.9')
  })
})

test('patches of status: only what differs, null for what went away', () => {
  const old: PodStatus = { phase: 'Running', podIP: '1.2.3.4', hostIP: '10.0.0.1' }
  assert.deepEqual(statusPatch(old, { phase: 'Failed', hostIP: '10.0.0.1' }), {
    phase: 'Failed',
    podIP: null,
  })
  assert.ok(sameJson({ a: 1, b: {} }, { a: 1 }))
  assert.ok(!sameJson({ a: [] }, { a: [1] }))
})
