import {
  ageColumn,
  column,
  defineKind,
  keepAllButStatus,
  keepStatus,
  nameColumn,
  subresource,
} from '../define-kind.ts'
import type { AnyObject, FieldError } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { Namespace } from '../types.ts'
import { invalid, invalids } from '../validation/field-error.ts'
import { dns1123LabelProblems, qualifiedNameProblems } from '../validation/names.ts'
import { standardFinalizers } from '../validation/object-meta.ts'

const finalizer = 'kubernetes'

/** k8s.io/kubernetes pkg/registry/core/namespace/strategy.go */
export const namespace = defineKind({
  kind: 'Namespace',
  resource: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  definition: 'io.k8s.api.core.v1.Namespace',
  hasStatus: true,
  nameRule: dns1123LabelProblems,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [
    subresource('finalize', 'Namespace', ['update']),
    subresource('status', 'Namespace', ['get', 'patch', 'update']),
  ],
  prepareCreate,
  prepareUpdate: (object, old) => {
    keepStatus(object, old)
    object['spec'] = { ...(object as Namespace).spec, finalizers: finalizersOf(old) }
  },
  prepareStatusUpdate: (object, old) => {
    keepAllButStatus(object, old)
    // core/v1/defaults.go SetDefaults_NamespaceStatus.
    object['status'] = { ...(object as Namespace).status, phase: phaseOf(object) || 'Active' }
  },
  validateCreate: (object) => finalizerErrors(object, () => 'spec.finalizers'),
  validateStatusUpdate: (object) => {
    const { metadata, status } = object as Namespace
    const phase = status?.phase ?? ''
    const expected = metadata.deletionTimestamp === undefined ? 'Active' : 'Terminating'
    if (phase === expected) return []
    const empty = expected === 'Active' ? 'empty' : 'not empty'
    return [
      invalid(
        'status.Phase',
        phase,
        `may only be '${expected}' if \`deletionTimestamp\` is ${empty}`,
      ),
    ]
  },
  selectableFields: (object) => new Map([['status.phase', phaseOf(object)]]),
  selectableFieldNames: ['status.phase'],
  columns: [nameColumn, column('Status', 'string', 'Active or Terminating.'), ageColumn],
  row: (object, nowMs) => [nameOf(object), phaseOf(object), age(object, nowMs)],
})

/** New namespaces are active, and stay until their content is gone. */
function prepareCreate(object: AnyObject): void {
  const given = (object as Namespace).spec?.finalizers ?? []
  object['spec'] = {
    ...(object as Namespace).spec,
    finalizers: given.includes(finalizer) ? given : [...given, finalizer],
  }
  object['status'] = { phase: 'Active' }
}

/** What may be written at /finalize (ValidateNamespaceFinalizeUpdate). */
export function namespaceFinalizeErrors(object: AnyObject): FieldError[] {
  return finalizerErrors(object, (index) => `spec.finalizers[${index}]`)
}

function finalizerErrors(object: AnyObject, pathOf: (index: number) => string): FieldError[] {
  return (finalizersOf(object) ?? []).flatMap((name, index) => {
    const path = pathOf(index)
    const errors = invalids(path, name, qualifiedNameProblems(name))
    if (name.includes('/') || standardFinalizers.has(name)) return errors
    const detail = 'name is neither a standard finalizer name nor is it fully qualified'
    return [...errors, invalid(path, name, detail)]
  })
}

function finalizersOf(object: AnyObject): readonly string[] | undefined {
  return (object as Namespace).spec?.finalizers
}

function phaseOf(object: AnyObject): string {
  return (object as Namespace).status?.phase ?? ''
}
