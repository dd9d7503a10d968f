import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import type { AnyObject, FieldError } from '../kind.ts'
import { age, nameOf, orNone } from '../print.ts'
import { nodeStatusErrors } from '../status/quantities.ts'
import type { Node } from '../types.ts'
import { cidrProblems } from '../validation/address.ts'
import { duplicate, forbidden, invalids, required, same } from '../validation/field-error.ts'
import { labelValueProblems, qualifiedNameProblems } from '../validation/names.ts'

/** k8s.io/kubernetes pkg/apis/core/validation/validation.go: ValidateNode */
export const node = defineKind({
  kind: 'Node',
  resource: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  namespaced: false,
  definition: 'io.k8s.api.core.v1.Node',
  hasStatus: true,
  // Kubelets register with a status at once.
  prepareCreate: () => undefined,
  subresources: [
    subresource('proxy', 'NodeProxyOptions', ['create', 'delete', 'get', 'patch', 'update']),
    subresource('status', 'Node', ['get', 'patch', 'update']),
  ],
  validateCreate: (object) => validateNode(object as Node),
  validateUpdate: (object, old) => [
    ...validateNode(object as Node),
    ...fixedErrors(object as Node, old as Node),
    ...nodeStatusErrors(object as Node),
  ],
  validateStatusUpdate: (object) => nodeStatusErrors(object as Node),
  selectableFields: (object) =>
    new Map([['spec.unschedulable', String((object as Node).spec?.unschedulable ?? false)]]),
  selectableFieldNames: ['spec.unschedulable'],
  columns: [
    nameColumn,
    column('Status', 'string', 'Ready or not, and whether new pods may come.'),
    column('Roles', 'string', 'Roles that labels give the node.'),
    ageColumn,
    column('Version', 'string', 'Version of its kubelet.'),
    column('Internal-IP', 'string', 'Address within the cluster.', { wide: true }),
    column('External-IP', 'string', 'Address from outside.', { wide: true }),
    column('OS-Image', 'string', 'Its operating system.', { wide: true }),
    column('Kernel-Version', 'string', 'Its kernel.', { wide: true }),
    column('Container-Runtime', 'string', 'What runs its containers.', { wide: true }),
  ],
  row,
})

function validateNode({ spec = {} }: Node): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, taint] of (spec.taints ?? []).entries()) {
    const path = `spec.taints[${index}]`
    const key = taint.key ?? ''
    errors.push(...invalids(`${path}.key`, key, qualifiedNameProblems(key)))
    const value = taint.value ?? ''
    errors.push(...invalids(`${path}.value`, value, labelValueProblems(value)))
    const identity = `${taint.key}:${taint.effect}`
    if (seen.has(identity)) errors.push(duplicate(path, taint))
    seen.add(identity)
    if (!taint.effect) errors.push(required(`${path}.effect`))
  }
  for (const [index, cidr] of (spec.podCIDRs ?? []).entries())
    errors.push(...invalids(`spec.podCIDRs[${index}]`, cidr, cidrProblems(cidr)))
  return errors
}

/** Pod networks and the provider's name of a node are set once. */
function fixedErrors({ spec = {} }: Node, { spec: old = {} }: Node): FieldError[] {
  const errors: FieldError[] = []
  if (old.podCIDRs?.length && !same(spec.podCIDRs, old.podCIDRs))
    errors.push(
      forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'),
    )
  if (old.providerID && spec.providerID !== old.providerID)
    errors.push(
      forbidden(
        'spec.providerID',
        'node updates may not change providerID except from "" to valid',
      ),
    )
  return errors
}

function row(object: AnyObject, nowMs: number): string[] {
  const { status = {} } = object as Node
  const info = status.nodeInfo
  return [
    nameOf(object),
    readiness(object as Node),
    rolesOf(object),
    age(object, nowMs),
    info?.kubeletVersion ?? '',
    addressOf(object as Node, 'InternalIP'),
    addressOf(object as Node, 'ExternalIP'),
    info?.osImage || '<unknown>',
    info?.kernelVersion || '<unknown>',
    info?.containerRuntimeVersion || '<unknown>',
  ]
}

function readiness({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word
}

const rolePrefix = 'node-role.kubernetes.io/'
const roleLabel = 'kubernetes.io/role'

function rolesOf(object: AnyObject): string {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(object.metadata.labels ?? {}))
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length)
      roles.add(key.slice(rolePrefix.length))
    else if (key === roleLabel && value !== '') roles.add(value)
  return orNone([...roles].sort().join(','))
}

function addressOf({ status }: Node, type: string): string {
  return orNone(status?.addresses?.find((address) => address.type === type)?.address)
}
