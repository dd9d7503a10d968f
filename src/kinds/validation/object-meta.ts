import type { AnyObject, FieldError } from '../kind.ts'
import type { ObjectMeta, OwnerReference } from '../types.ts'
import { forbidden, immutable, invalid, invalids, required, tooLong } from './field-error.ts'
import {
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  labelValueProblems,
  qualifiedNameProblems,
} from './names.ts'

/** Rules of metadata that hold for every kind (apimachinery pkg/api/validation/objectmeta.go). */

export type NameRule = (name: string) => string[]

const annotationsBytesMax = 256 * 1024

/** Those of Kubernetes itself, which have no domain. */
export const standardFinalizers: ReadonlySet<string> = new Set([
  'kubernetes',
  'orphan',
  'foregroundDeletion',
])

export interface MetaRules {
  readonly namespaced: boolean
  /** Rule of metadata.name; a DNS subdomain when left out. */
  readonly nameRule?: NameRule | undefined
  /** Kinds outside of Kubernetes' own API take finalizers without a domain. */
  readonly anyFinalizer?: boolean | undefined
}

/** Metadata of a new object. */
export function validateMeta(meta: ObjectMeta, rules: MetaRules, path = 'metadata'): FieldError[] {
  const nameRule = rules.nameRule ?? dns1123SubdomainProblems
  const errors: FieldError[] = []
  if (meta.generateName)
    errors.push(
      ...invalids(`${path}.generateName`, meta.generateName, nameRule(asWhole(meta.generateName))),
    )
  if (!meta.name) errors.push(required(`${path}.name`, 'name or generateName is required'))
  else errors.push(...invalids(`${path}.name`, meta.name, nameRule(meta.name)))
  errors.push(...namespaceErrors(meta, rules.namespaced, `${path}.namespace`))
  errors.push(...commonErrors(meta, path, rules))
  return errors
}

/** Metadata after an update: the rules of new metadata, and what may never change. */
export function validateMetaUpdate(
  meta: ObjectMeta,
  old: ObjectMeta,
  rules: Pick<MetaRules, 'anyFinalizer'> = {},
  path = 'metadata',
): FieldError[] {
  const errors: FieldError[] = []
  if ((meta.generation ?? 0) < (old.generation ?? 0))
    errors.push(invalid(`${path}.generation`, meta.generation ?? 0, 'must not be decremented'))
  const fixed = ['name', 'namespace', 'uid', 'creationTimestamp'] as const
  for (const field of fixed)
    errors.push(...immutable(`${path}.${field}`, meta[field] ?? '', old[field] ?? ''))
  const deletion = ['deletionTimestamp', 'deletionGracePeriodSeconds'] as const
  for (const field of deletion)
    errors.push(...immutable(`${path}.${field}`, meta[field], old[field]))
  errors.push(...addedFinalizers(meta, old, `${path}.finalizers`))
  errors.push(...commonErrors(meta, path, rules))
  return errors
}

export function validateLabels(
  labels: Readonly<Record<string, string>> | undefined,
  path: string,
): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalids(path, key, qualifiedNameProblems(key)),
    ...invalids(path, value, labelValueProblems(value)),
  ])
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...invalids(path, key, qualifiedNameProblems(key.toLowerCase())))
    bytes += key.length + value.length
  }
  if (bytes > annotationsBytesMax) errors.push(tooLong(path, annotationsBytesMax))
  return errors
}

/** The object's name and namespace as one word, for messages. */
export function namespacedName(object: AnyObject): string {
  const { name = '', namespace } = object.metadata
  return namespace === undefined ? name : `${namespace}/${name}`
}

function commonErrors(
  meta: ObjectMeta,
  path: string,
  { anyFinalizer = false }: Pick<MetaRules, 'anyFinalizer'>,
): FieldError[] {
  const errors: FieldError[] = []
  if ((meta.generation ?? 0) < 0)
    errors.push(
      invalid(`${path}.generation`, meta.generation, 'must be greater than or equal to 0'),
    )
  errors.push(...validateLabels(meta.labels, `${path}.labels`))
  errors.push(...validateAnnotations(meta.annotations, `${path}.annotations`))
  errors.push(...ownerErrors(meta.ownerReferences ?? [], `${path}.ownerReferences`))
  errors.push(...finalizerErrors(meta.finalizers ?? [], anyFinalizer, `${path}.finalizers`))
  return errors
}

function namespaceErrors(meta: ObjectMeta, namespaced: boolean, path: string): FieldError[] {
  if (!namespaced) return meta.namespace ? [forbidden(path, 'not allowed on this type')] : []
  if (!meta.namespace) return [required(path)]
  return invalids(path, meta.namespace, dns1123LabelProblems(meta.namespace))
}

function ownerErrors(owners: readonly OwnerReference[], path: string): FieldError[] {
  const errors: FieldError[] = []
  let controller: OwnerReference | undefined
  for (const owner of owners) {
    const parts = owner.apiVersion?.split('/') ?? []
    // Which of them it is, Kubernetes does not say.
    const at = path
    if (!parts.at(-1) || parts.length > 2)
      errors.push(invalid(`${at}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'))
    for (const field of ['kind', 'name', 'uid'] as const)
      if (!owner[field]) errors.push(invalid(`${at}.${field}`, '', 'must not be empty'))
    if (owner.kind === 'Event' && owner.apiVersion === 'v1')
      errors.push(invalid(at, owner, '/v1, Kind=Event is disallowed from being an owner'))
    if (!owner.controller) continue
    if (controller)
      errors.push(
        invalid(
          path,
          owners,
          'Only one reference can have Controller set to true. Found "true" in references for ' +
            `${controller.kind}/${controller.name} and ${owner.kind}/${owner.name}`,
        ),
      )
    controller = owner
  }
  return errors
}

function finalizerErrors(
  finalizers: readonly string[],
  anyFinalizer: boolean,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, finalizer] of finalizers.entries()) {
    const at = `${path}[${index}]`
    errors.push(...invalids(path, finalizer, qualifiedNameProblems(finalizer)))
    if (!anyFinalizer && !finalizer.includes('/') && !standardFinalizers.has(finalizer))
      errors.push(
        invalid(
          at,
          finalizer,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      )
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    errors.push(
      invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'),
    )
  return errors
}

function addedFinalizers(meta: ObjectMeta, old: ObjectMeta, path: string): FieldError[] {
  if (old.deletionTimestamp === undefined) return []
  const before = new Set(old.finalizers)
  const added = (meta.finalizers ?? []).filter((finalizer) => !before.has(finalizer))
  if (added.length === 0) return []
  const listed = added.map((name) => JSON.stringify(name)).join(', ')
  return [
    forbidden(
      path,
      'no new finalizers can be added if the object is being deleted, ' +
        `found new finalizers []string{${listed}}`,
    ),
  ]
}

/** A generated name ends in random letters, so a prefix may end in a hyphen. */
function asWhole(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -1)}a` : prefix
}
