import { column, defineKind, nameColumn } from '../define-kind.ts'
import { typed } from '../kind.ts'
import { nameOf } from '../print.ts'
import type { ComponentStatus } from '../types.ts'

/** Parts of the control plane, as an old API shows their health. Made when asked for, never stored. */
export const componentStatus = defineKind({
  kind: 'ComponentStatus',
  resource: 'componentstatuses',
  singular: 'componentstatus',
  shortNames: ['cs'],
  namespaced: false,
  verbs: ['get', 'list'],
  deprecationWarning: 'v1 ComponentStatus is deprecated in v1.19+',
  definition: 'io.k8s.api.core.v1.ComponentStatus',
  columns: [
    nameColumn,
    column('Status', 'string', 'Whether it is well.'),
    column('Message', 'string', 'What it says.'),
    column('Error', 'string', 'What went wrong.'),
  ],
  row: (object) => {
    const { conditions = [] } = typed<ComponentStatus>(object)
    const healthy = conditions.find(({ type }) => type === 'Healthy')
    const status =
      healthy === undefined ? 'Unknown' : healthy.status === 'True' ? 'Healthy' : 'Unhealthy'
    return [nameOf(object), status, healthy?.message ?? '', healthy?.error ?? '']
  },
})
