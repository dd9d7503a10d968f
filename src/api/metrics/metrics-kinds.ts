import { column, nameColumn } from '../../kinds/define-kind.ts'
import type { AnyObject, ShownKind } from '../../kinds/kind.ts'
import { nameOf } from '../../kinds/print.ts'
import { addQuantities, formatQuantity, parseQuantity } from '../../kinds/quantity.ts'

type Usage = Readonly<Record<string, string>>

/** What a node uses, as metrics-server shows it. */
export const nodeMetricsKind = metricsKind('NodeMetrics', (object) => [object['usage'] as Usage])

/** What the containers of a pod use, and together. */
export const podMetricsKind = metricsKind('PodMetrics', (object) =>
  (object['containers'] as readonly { readonly usage: Usage }[]).map(({ usage }) => usage),
)

function metricsKind(kind: string, usages: (object: AnyObject) => readonly Usage[]): ShownKind {
  return {
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    kind,
    listKind: `${kind}List`,
    columns: [
      nameColumn,
      column('cpu', 'string', 'Cores in use.', { format: 'quantity' }),
      column('memory', 'string', 'Memory in use.', { format: 'quantity' }),
      column('Window', 'string', 'Over how long that was measured.', { format: 'duration' }),
    ],
    row: (object) => {
      const used = usages(object)
      const window = object['window'] as string
      return [nameOf(object), sumOf(used, 'cpu'), sumOf(used, 'memory'), window]
    },
  }
}

function sumOf(usages: readonly Usage[], resource: 'cpu' | 'memory'): string {
  const amounts = usages.map((usage) => parseQuantity(usage[resource] ?? '0'))
  return formatQuantity(amounts.reduce(addQuantities))
}
