import type { StatusCause } from '../base/status.ts'
import type { SchemaProps } from './structural/schema-props.ts'
import type { ObjectMeta } from './types.ts'

/**
 * A kind is data plus a few pure functions. Handlers are per verb and know kinds only through this.
 * The field-level facts (types, defaults, merge keys, protobuf numbers) stand in the schema table.
 */
export interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly listKind: string
  /** Plural, as in the path. */
  readonly resource: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly verbs: readonly Verb[]
  readonly subresources: readonly Subresource[]
  /** Name of the definition in the schema table, such as `io.k8s.api.core.v1.Pod`. */
  readonly definition: string
  /** Of a kind that a CustomResourceDefinition made: takes the place of `definition`, which is ''. */
  readonly custom?: CustomContent
  /** Of a version that is not the stored one: where its objects are and how they get there. */
  readonly storedAs?: StoredForm
  /** True when metadata.generation counts changes of `generationFields`. */
  readonly countsGeneration: boolean
  /** The fields whose changes count: `spec`, for most kinds. */
  readonly generationFields: readonly string[]
  /** True when changes of annotations count, too. */
  readonly countsAnnotations?: boolean
  /** True when an update without a resourceVersion is allowed to overwrite. */
  readonly unconditionalUpdate: boolean
  /** True when a PUT to a missing name creates it (leases and events in Kubernetes). */
  readonly createOnUpdate: boolean
  /** Added when an object is deleted: somebody has to clean up before it goes. */
  readonly deletionFinalizers?: readonly string[]
  /** Told to everyone who uses the version; undefined for one that is not deprecated. */
  readonly deprecationWarning?: string | undefined
  /** True for objects that go by themselves some time after they were written last. */
  readonly expires?: boolean
  /** Used by delete when the caller names no propagation policy. */
  readonly defaultPropagation: 'Background' | 'Orphan'
  /** Seconds a delete waits when nobody says otherwise; undefined for kinds that go at once. */
  defaultGracePeriodSeconds?(object: AnyObject): number

  /**
   * Runs on create after decoding and schema defaults, before validation: clears status, allocates
   * what needs only the object, sets defaults that depend on other fields. May change `object`.
   */
  prepareCreate(object: AnyObject): void
  /** Runs on create when admission has completed the object: what follows from all of it. */
  settleCreate?(object: AnyObject): void
  /** Runs on update: keeps what this write may not change (status on the main path, and so on). */
  prepareUpdate(object: AnyObject, old: AnyObject): void
  /** Runs on a write to /status: keeps everything but the status. */
  prepareStatusUpdate(object: AnyObject, old: AnyObject, nowMs: number): void
  validateCreate(object: AnyObject): FieldError[]
  validateUpdate(object: AnyObject, old: AnyObject): FieldError[]
  validateStatusUpdate(object: AnyObject, old: AnyObject): FieldError[]
  /**
   * What of metadata a write to /status leaves as it was, and so cannot own, beside what the server sets:
   * `all`, or members by name (each registry's strategy, GetResetFields).
   */
  readonly statusKeeps: 'all' | readonly string[]
  /** Subresources that are a part of the object with rules of their own, such as `approval`. */
  readonly parts: ReadonlyMap<string, PartRules>

  /** What its writer should know of an object that is taken, after it was judged. */
  readonly warnings?: KindWarnings

  /** Fields that a fieldSelector may name, beside metadata.name and metadata.namespace. */
  selectableFields(object: AnyObject): ReadonlyMap<string, string>
  readonly selectableFieldNames: readonly string[]
  readonly columns: readonly Column[]
  /** One cell a column. `nowMs` is wall time, for ages. */
  row(object: AnyObject, nowMs: number): readonly (string | number | boolean | null)[]
}

/** `old` is what an update replaces; undefined for a new object. */
export type KindWarnings = (object: AnyObject, old: AnyObject | undefined) => readonly string[]

/** What is needed of a kind to show its objects. */
export type ShownKind = Pick<
  Kind,
  'group' | 'version' | 'kind' | 'listKind' | 'columns' | 'row' | 'custom'
> & {
  /** Without one, or '', there is no protobuf of it. */
  readonly definition?: string
}

/** What a custom kind has in place of a definition of the schema table. */
export interface CustomContent {
  readonly schema: SchemaProps
  /** Status is a subresource: only writes to it change it. */
  readonly hasStatus: boolean
  readonly scale: ScaleFields | undefined
  readonly storageVersion: string
}

/** Where a scale subresource finds its fields, as the names of the fields on the way. */
export interface ScaleFields {
  readonly specReplicas: readonly string[]
  readonly statusReplicas: readonly string[]
  readonly labelSelector: readonly string[] | undefined
}

/** The same objects in the version, and perhaps the group, in which they are stored. */
export interface StoredForm {
  readonly group: string
  readonly version: string
  /** Neither changes its argument. */
  toStored(object: AnyObject): AnyObject
  fromStored(object: AnyObject): AnyObject
}

/** What a write to a subresource may change, as for the object itself. */
export interface PartRules {
  prepare(object: AnyObject, old: AnyObject, nowMs: number): void
  validate(object: AnyObject, old: AnyObject): FieldError[]
}

export type Verb =
  | 'create'
  | 'delete'
  | 'deletecollection'
  | 'get'
  | 'list'
  | 'patch'
  | 'update'
  | 'watch'

export interface Subresource {
  /** `status`, `scale`, `binding`, `log`, `exec`, `eviction`, `finalize`, … */
  readonly name: string
  readonly kind: string
  readonly group: string
  readonly version: string
  readonly verbs: readonly string[]
}

export interface Column {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  /** 0 always shown, 1 with -o wide. */
  readonly priority: number
}

/** A decoded object. User-chosen keys live in null-prototype records. */
export interface AnyObject {
  apiVersion?: string | undefined
  kind?: string | undefined
  metadata: ObjectMeta
  [field: string]: unknown
}

/** The same object by the type of its kind, which whoever asks knows. */
export function typed<T extends { metadata?: unknown }>(object: AnyObject): T {
  return object as unknown as T
}

/**
 * One refused field, in Kubernetes' terms (apimachinery pkg/util/validation/field/errors.go).
 * `message` is what stands after the path: `Invalid value: -1: must be greater than or equal to 0`.
 */
export interface FieldError {
  readonly type: FieldErrorType
  /** Dotted path with indices and keys: `spec.containers[0].image`, `metadata.labels[app]`. */
  readonly field: string
  readonly message: string
}

export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError'

export function fieldErrorCause(error: FieldError): StatusCause {
  return { reason: error.type, field: error.field || '[]', message: error.message }
}
