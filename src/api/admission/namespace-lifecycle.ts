import { present } from '../../base/assert.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import type { KeyValue } from '../../state/cluster-store.ts'
import { forbidden, notFound } from '../errors.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { isKeySegment, objectKey } from '../storage-keys.ts'

const namespaces = () => present(kindOfResource('', 'v1', 'namespaces'), 'kind Namespace')

/** Namespaces that are always there (apiserver pkg/admission/plugin/namespace/lifecycle). */
export const immortalNamespaces: ReadonlySet<string> = new Set([
  'default',
  'kube-system',
  'kube-public',
])

/**
 * The record of the namespace that new content goes into; the write is to compare with it, so that
 * nothing slips in after its end. Throws NotFound, or Forbidden when it is being terminated.
 */
export function namespaceForContent(context: ResourceContext, name: string): KeyValue {
  const { kind, info, options, shared } = context
  const record = isKeySegment(info.namespace)
    ? options.store.view.get(objectKey(namespaces(), '', info.namespace))
    : undefined
  if (!record) throw notFound(namespaces(), info.namespace)
  if (shared.parsed.get(record).metadata.deletionTimestamp === undefined) return record
  throw forbidden(
    kind,
    name,
    `unable to create new content in namespace ${info.namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${info.namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  )
}
