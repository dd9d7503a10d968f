import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ContainerPort, Pod, PodStatus } from '../../../src/kinds/types.ts'
import { refusalOf } from '../../../src/kubelet/admission.ts'

function pod(
  name: string,
  seconds: number,
  port: Partial<ContainerPort> = {},
  status: PodStatus = {},
): Pod {
  const creationTimestamp = `2026-01-01T00:00:0${seconds}Z`
  return {
    metadata: { name, uid: name, creationTimestamp },
    spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, ...port }] }] },
    status,
  }
}

describe('a node and the host port of a pod', () => {
  const mine = pod('mine', 5, { hostPort: 80 })
  const begun = { startTime: '2026-01-01T00:00:09Z' }
  for (const [what, others, refused] of [
    ['nobody else', [], false],
    ['an older pod has it', [pod('a', 1, { hostPort: 80 })], true],
    ['an older pod has another', [pod('a', 1, { hostPort: 81 })], false],
    ['an older pod has the port inside only', [pod('a', 1)], false],
    [
      'an older pod has it for another protocol',
      [pod('a', 1, { hostPort: 80, protocol: 'UDP' })],
      false,
    ],
    [
      'an older pod has it on one address',
      [pod('a', 1, { hostPort: 80, hostIP: '10.0.0.1' })],
      true,
    ],
    ['a younger pod wants it', [pod('a', 9, { hostPort: 80 })], false],
    ['a younger pod has it already', [pod('a', 9, { hostPort: 80 }, begun)], true],
    ['one of the same second, by its uid', [pod('a', 5, { hostPort: 80 })], true],
    ['one of the same second, the later uid', [pod('z', 5, { hostPort: 80 })], false],
    ['the other one has ended', [pod('a', 1, { hostPort: 80 }, { phase: 'Failed' })], false],
  ] as const)
    test(`${what}: ${refused ? 'refused' : 'taken'}`, () => {
      const refusal = refusalOf(mine, others)
      assert.equal(refusal?.reason, refused ? 'NodePorts' : undefined)
    })

  test('on two addresses is two ports', () => {
    const here = pod('mine', 5, { hostPort: 80, hostIP: '10.0.0.1' })
    assert.equal(refusalOf(here, [pod('a', 1, { hostPort: 80, hostIP: '10.0.0.2' })]), undefined)
  })

  test('is told as Kubernetes tells it', () => {
    assert.deepEqual(refusalOf(mine, [pod('a', 1, { hostPort: 80 })]), {
      reason: 'NodePorts',
      message:
        "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    })
  })
})
