import { limits } from '../../base/limits.ts'
import type { FieldError } from '../kind.ts'
import { parseQuantity } from '../quantity.ts'
import type { Node, PersistentVolumeClaim, VolumeError } from '../types.ts'
import {
  duplicate,
  invalid,
  invalids,
  notSupported,
  required,
  tooLong,
} from '../validation/field-error.ts'
import { qualifiedNameProblems } from '../validation/names.ts'
import { nonNegative } from '../validation/numbers.ts'

/** Statuses of nodes and of storage (pkg/apis/core/validation/validation.go, pkg/apis/storage/validation). */

type Amounts = Readonly<Record<string, string>>

const nanosPerUnit = 1_000_000_000n
/** What comes in whole pieces (pkg/apis/core/helper: IsIntegerResourceName). */
const wholeResources: ReadonlySet<string> = new Set([
  ...['pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets', 'configmaps'],
  ...['persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers'],
])

function amountErrors(name: string, amount: string, path: string): FieldError[] {
  const { nano } = parseQuantity(amount)
  const errors = nano < 0n ? [invalid(path, amount, 'must be greater than or equal to 0')] : []
  const isWhole = wholeResources.has(name) || isExtended(name)
  if (isWhole && nano % nanosPerUnit !== 0n)
    errors.push(invalid(path, amount, 'must be an integer'))
  return errors
}

/** Neither of Kubernetes nor asked for by `requests.` (IsExtendedResourceName). */
function isExtended(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.')
}

/** ValidateNodeUpdate, which judges writes to the node as those to its status. */
export function nodeStatusErrors({ status = {} }: Pick<Node, 'status'>): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['capacity', 'allocatable'] as const)
    for (const [name, amount] of Object.entries<string>(status[field] ?? {}))
      errors.push(...amountErrors(name, amount, `status.${field}.${name}`))
  const seen = new Set<string>()
  for (const [index, { type = '', address = '' }] of (status.addresses ?? []).entries()) {
    const identity = `${type} ${address}`
    if (seen.has(identity))
      errors.push(duplicate(`status.addresses[${index}]`, { Type: type, Address: address }))
    seen.add(identity)
  }
  return errors
}

const resizeStates = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
]

/** ValidatePersistentVolumeClaimStatusUpdate */
export function claimStatusErrors({ spec, status = {} }: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = []
  if ((spec?.accessModes ?? []).length === 0) errors.push(required('Spec.accessModes'))
  errors.push(...basicErrors(status.capacity, 'status.capacity'))
  const states = status.allocatedResourceStatuses ?? {}
  for (const [name, state] of Object.entries<string>(states)) {
    const path = 'status.allocatedResourceStatuses'
    errors.push(...claimResourceErrors(name, path))
    if (!resizeStates.includes(state)) errors.push(notSupported(path, name, resizeStates))
  }
  for (const [name, amount] of Object.entries<string>(status.allocatedResources ?? {})) {
    const path = 'status.allocatedResources'
    const wrong = claimResourceErrors(name, path)
    if (wrong.length === 0) wrong.push(...basicErrors({ [name]: amount }, path))
    errors.push(...wrong)
  }
  return errors
}

function basicErrors(amounts: Amounts = {}, path: string): FieldError[] {
  return Object.entries(amounts).flatMap(([name, amount]) => {
    const { nano } = parseQuantity(amount)
    if (nano >= 0n) return []
    const value = Number(nano / nanosPerUnit)
    return [invalid(`${path}[${name}]`, value, 'must be a valid resource quantity')]
  })
}

function claimResourceErrors(name: string, path: string): FieldError[] {
  const errors = invalids(path, name, qualifiedNameProblems(name))
  if (errors.length > 0 || name === 'storage') return errors
  const isNative = !name.includes('/') || name.includes('kubernetes.io/')
  return isNative ? [notSupported(path, name, ['storage'])] : []
}

/** validateVolumeAttachmentStatus */
export function attachmentStatusErrors(status: {
  readonly attachmentMetadata?: Amounts
  readonly attachError?: VolumeError
  readonly detachError?: VolumeError
}): FieldError[] {
  const { attachmentMetadata = {}, attachError, detachError } = status
  const bytes = Object.entries(attachmentMetadata)
    .flat()
    .reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  const { attachmentMetadataBytesMax } = limits
  return [
    ...(bytes > attachmentMetadataBytesMax
      ? [tooLong('status.attachmentMetadata', attachmentMetadataBytesMax)]
      : []),
    ...volumeErrorErrors(attachError, 'status.attachError'),
    ...volumeErrorErrors(detachError, 'status.detachError'),
  ]
}

function volumeErrorErrors(error: VolumeError | undefined, path: string): FieldError[] {
  const { message = '', errorCode = 0 } = error ?? {}
  const { volumeErrorBytesMax, attachmentMetadataBytesMax } = limits
  return [
    ...(Buffer.byteLength(message) > volumeErrorBytesMax
      ? [tooLong(`${path}.message`, attachmentMetadataBytesMax)]
      : []),
    ...(errorCode < 0
      ? [invalid(`${path}.errorCode`, errorCode, 'must be between 0 and 2147483647, inclusive')]
      : []),
  ]
}

/** The judge of counts that are at least zero. */
export function nonNegativeFields(status: object, names: readonly string[]): FieldError[] {
  return names.flatMap((name) => {
    const value = (status as Readonly<Record<string, unknown>>)[name]
    return nonNegative(typeof value === 'number' ? value : undefined, `status.${name}`)
  })
}
