import { ageColumn, column, nameColumn } from '../define-kind.ts'
import { type ShownKind, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { Scale } from '../types.ts'

/** How many pods a workload has and should have; made of the workload, never stored. */
export const scaleKind: ShownKind = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  listKind: 'ScaleList',
  definition: 'io.k8s.api.autoscaling.v1.Scale',
  columns: [
    nameColumn,
    column('Desired', 'integer', 'How many pods there should be.'),
    column('Available', 'integer', 'How many pods there are.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { spec, status } = typed<Scale>(object)
    return [nameOf(object), spec?.replicas ?? 0, status?.replicas ?? 0, age(object, nowMs)]
  },
}
