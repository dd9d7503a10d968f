import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '../../../src/kinds/types.ts'
import { backoffMaxMs } from '../../../src/kubelet/backoff.ts'
import { isFinished } from '../../../src/kubelet/plan.ts'
import { ModelRuntime } from './model-runtime.ts'
import { containerOf, podOf } from './pods.ts'

/** fast-check prints seed and path of a failure; both go into `fc.assert`'s options to repeat it. */
const podArbitrary: fc.Arbitrary<Pod> = fc
  .record({
    restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
    inits: fc.integer({ min: 0, max: 3 }),
    mains: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ restartPolicy, inits, mains }) =>
    podOf({
      restartPolicy,
      initContainers: Array.from({ length: inits }, (_, at) => containerOf(`init${at}`)),
      containers: Array.from({ length: mains }, (_, at) => containerOf(`main${at}`)),
    }),
  )

type Trouble =
  | { readonly kind: 'exit'; readonly which: number; readonly code: number }
  | { readonly kind: 'loseSandbox' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'settle' }

const troubleArbitrary: fc.Arbitrary<Trouble> = fc.oneof(
  fc.record({
    kind: fc.constant('exit' as const),
    which: fc.nat(5),
    code: fc.constantFrom(0, 0, 1, 137),
  }),
  fc.record({ kind: fc.constant('loseSandbox' as const) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(400_000) }),
  fc.record({ kind: fc.constant('settle' as const) }),
)

function suffer(model: ModelRuntime, trouble: Trouble): void {
  const running = model.running()
  const sandbox = model.sandboxes.find((one) => one.ready)
  if (trouble.kind === 'exit') {
    const one = running[trouble.which % Math.max(1, running.length)]
    if (one) model.exit(one.id, trouble.code)
  } else if (trouble.kind === 'loseSandbox') {
    if (sandbox) model.loseSandbox(sandbox.id)
  } else if (trouble.kind === 'wait') model.nowMs += trouble.ms
  else model.settle()
}

/** From here on init containers succeed and main ones stay up; every back-off is waited for. */
function calm(model: ModelRuntime): void {
  const mains = (model.pod.spec?.containers ?? []).map((one) => one.name)
  for (let rounds = 0; rounds < 30; rounds += 1) {
    model.settle()
    for (const one of model.running()) if (!mains.includes(one.name)) model.exit(one.id, 0)
    model.nowMs += backoffMaxMs
  }
  model.settle()
}

test('a pod comes to what its spec asks for, whatever happened before', () => {
  fc.assert(
    fc.property(podArbitrary, fc.array(troubleArbitrary, { maxLength: 20 }), (pod, troubles) => {
      const model = new ModelRuntime(pod)
      for (const trouble of troubles) suffer(model, trouble)
      calm(model)
      const observed = model.observed()
      if (isFinished(pod, observed)) {
        assert.deepEqual(model.running(), [])
        assert.ok(!model.sandboxes.some((one) => one.ready))
        return
      }
      assert.equal(model.sandboxes.filter((one) => one.ready).length, 1)
      for (const container of pod.spec?.containers ?? []) {
        const [newest, ...older] = observed.containers.get(container.name) ?? []
        const stays = newest?.state === 'running' || pod.spec?.restartPolicy !== 'Always'
        assert.ok(newest && stays, `${container.name} is ${newest?.state}`)
        assert.ok(older.length <= 1, 'one dead container is kept')
      }
      assert.equal(model.plan().wakeAtMs, undefined, 'nothing is left to wait for')
    }),
    { numRuns: 300 },
  )
})

test('a deleted pod ends with nothing that runs, whatever happened before', () => {
  fc.assert(
    fc.property(podArbitrary, fc.array(troubleArbitrary, { maxLength: 20 }), (pod, troubles) => {
      const model = new ModelRuntime(pod)
      for (const trouble of troubles) suffer(model, trouble)
      model.deleted = true
      assert.ok(model.settle().finished)
      assert.deepEqual(model.running(), [])
      assert.ok(!model.sandboxes.some((one) => one.ready))
    }),
    { numRuns: 300 },
  )
})
