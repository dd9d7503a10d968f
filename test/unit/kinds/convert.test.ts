import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { present } from '../../../src/base/assert.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { allKinds, apiVersionOf } from '../../../src/kinds/scheme.ts'
import { objectOf } from './arbitrary.ts'
import { kindNamed } from './judge.ts'

const form = present(kindNamed('v1/HorizontalPodAutoscaler').storedAs, 'form of v1')
const newer = kindNamed('v2/HorizontalPodAutoscaler')

function plain(object: AnyObject): AnyObject {
  return JSON.parse(JSON.stringify(object))
}

for (const kind of allKinds.filter(({ storedAs }) => storedAs))
  test(`${apiVersionOf(kind)} ${kind.kind}: what is stored comes back as it was written`, () => {
    const { toStored, fromStored } = present(kind.storedAs, kind.kind)
    fc.assert(
      fc.property(objectOf(kind.definition), (fields) => {
        const typeMeta = { apiVersion: apiVersionOf(kind), kind: kind.kind }
        const object = plain({ metadata: {}, ...fields, ...typeMeta } as AnyObject)
        const before = structuredClone(object)
        const again = plain(fromStored(toStored(object)))
        assert.deepEqual(object, before, 'the argument is left alone')
        complete(before)
        assert.deepEqual(again, before)
      }),
      { numRuns: 60, verbose: true },
    )
  })

/** What has to be there, and what says nothing. */
function complete(object: AnyObject): void {
  if (object.kind === 'Event') {
    object['regarding'] ??= {}
    for (const name of ['reportingController', 'reportingInstance'])
      if (object[name] === '') delete object[name]
    return
  }
  const status = object['status'] as { currentReplicas?: number } | undefined
  if (status) status.currentReplicas ??= 0
}

const target = { kind: 'Deployment', name: 'web' }
const cpu = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})

test('one CPU target is a field of v1; other metrics and behaviour are annotations', () => {
  const memory = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
  }
  const object = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'a' },
    spec: { scaleTargetRef: target, maxReplicas: 3, metrics: [memory, cpu(50)] },
    status: { desiredReplicas: 1, conditions: [{ type: 'AbleToScale', status: 'True' }] },
  } as AnyObject
  const older = plain(form.fromStored(object))
  assert.deepEqual(older['spec'], {
    scaleTargetRef: target,
    maxReplicas: 3,
    targetCPUUtilizationPercentage: 50,
  })
  assert.deepEqual(older.metadata.annotations, {
    'autoscaling.alpha.kubernetes.io/metrics':
      '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}]',
    'autoscaling.alpha.kubernetes.io/conditions': '[{"type":"AbleToScale","status":"True"}]',
  })
  assert.deepEqual(plain(form.toStored(older)), plain(object))
})

test('every sort of metric survives the way through v1', () => {
  const metric = { name: 'requests', selector: { matchLabels: { a: 'b' } } }
  const metrics = [
    cpu(80),
    {
      type: 'ContainerResource',
      containerResource: {
        name: 'cpu',
        container: 'c',
        target: { type: 'Utilization', averageUtilization: 60 },
      },
    },
    { type: 'Pods', pods: { metric, target: { type: 'AverageValue', averageValue: '1k' } } },
    {
      type: 'Object',
      object: { describedObject: target, metric, target: { type: 'Value', value: '2k' } },
    },
    {
      type: 'External',
      external: { metric, target: { type: 'AverageValue', averageValue: '30' } },
    },
  ]
  const object = {
    apiVersion: 'autoscaling/v2',
    kind: newer.kind,
    metadata: { name: 'a' },
    spec: { scaleTargetRef: target, maxReplicas: 3, metrics },
  } as AnyObject
  const { metrics: after } = plain(form.toStored(form.fromStored(object)))['spec'] as {
    metrics: typeof metrics
  }
  assert.deepEqual(
    after.map(({ type }) => type),
    ['ContainerResource', 'Pods', 'Object', 'External', 'Resource'],
  )
  assert.deepEqual([after[4], ...after.slice(0, 4)], metrics)
})
