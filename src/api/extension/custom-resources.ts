import { limits } from '../../base/limits.ts'
import { type EncodedObject, encodeObject, parseStored } from '../../kinds/encode.ts'
import type { AnyObject, CustomContent, Kind } from '../../kinds/kind.ts'
import { applyStructuralDefaults, dropNulls } from '../../kinds/structural/default-values.ts'
import { prune } from '../../kinds/structural/prune.ts'
import type { SchemaProps } from '../../kinds/structural/schema-props.ts'
import type { KeyValue } from '../../state/cluster-store.ts'
import type { ApiOptions } from '../context.ts'
import { groupVersion, methodNotAllowed } from '../errors.ts'
import { encodeChecked, type ObjectStorage } from '../handlers/object-storage.ts'
import type { Shared } from '../handlers/resource-context.ts'
import { EventFrames } from '../handlers/watch/event-frames.ts'
import { encodedAt, ParsedObjects, sameContent } from '../stored-object.ts'
import { convertObjects } from './convert-objects.ts'
import type { ServedKinds } from './served-kinds.ts'

/** What requests for custom kinds share, kept while their definition stays as it is. */
export class CustomResources {
  readonly #kinds: ServedKinds
  readonly #shared: Shared
  readonly #options: ApiOptions
  readonly #known = new WeakMap<Kind, Shared>()

  constructor(kinds: ServedKinds, shared: Shared, options: ApiOptions) {
    this.#kinds = kinds
    this.#shared = shared
    this.#options = options
  }

  /** Throws MethodNotAllowed for a kind that is going. */
  refuseNew(kind: Kind): void {
    const definition = this.#kinds.definitionOf(kind.group, kind.resource)
    if (definition?.metadata.deletionTimestamp)
      throw methodNotAllowed('create not allowed while custom resource definition is terminating')
  }

  shared(kind: Kind): Shared {
    const known = this.#known.get(kind)
    if (known) return known
    // Of two versions, one record is two objects: they must not meet in one cache.
    const made: Shared = {
      ...this.#shared,
      parsed: new ParsedObjects(),
      frames: new EventFrames(limits.customEventBytesMax),
      storage: new CustomStorage(kind, this.#kinds, this.#options),
    }
    this.#known.set(kind, made)
    return made
  }
}

/**
 * Custom resources are stored in one version, and shown in the one that is asked for: converted,
 * without what its schema does not know, and with its defaults
 * (apiextensions-apiserver pkg/apiserver/customresource_handler.go crConversionRESTOptionsGetter).
 */
class CustomStorage implements ObjectStorage {
  readonly #kind: Kind
  readonly #custom: CustomContent
  readonly #kinds: ServedKinds
  readonly #options: ApiOptions
  /** The last few thousand, by revision and key. */
  readonly #recent = new Map<string, KeyValue>()

  constructor(kind: Kind, kinds: ServedKinds, options: ApiOptions) {
    this.#kind = kind
    this.#custom = kind.custom as CustomContent
    this.#kinds = kinds
    this.#options = options
  }

  async shown(records: readonly KeyValue[]): Promise<readonly KeyValue[]> {
    const missing = records.filter((record) => !this.#recent.has(idOf(record)))
    const found = new Map<string, KeyValue>()
    if (missing.length > 0) await this.#show(missing, found)
    return records.map(
      (record) => found.get(idOf(record)) ?? this.#recent.get(idOf(record)) ?? record,
    )
  }

  async encoded(object: AnyObject): Promise<EncodedObject> {
    const stored = `${this.#kind.group}/${this.#custom.storageVersion}`
    if (object.apiVersion === stored) return encodeChecked(object)
    const [converted = object] = await this.#convert([structuredClone(object)], stored)
    const schema = this.#storedSchema()
    // What the stored version does not know is lost on the way.
    if (schema) prune(schema, converted, true)
    return encodeChecked(converted)
  }

  #storedSchema(): SchemaProps | undefined {
    return this.#schemaOf(this.#custom.storageVersion)
  }

  #schemaOf(version: string): SchemaProps | undefined {
    const definition = this.#kinds.definitionOf(this.#kind.group, this.#kind.resource)
    const found = definition?.spec.versions.find((one) => one.name === version)
    return found?.schema?.openAPIV3Schema
  }

  #fill(object: AnyObject): void {
    const schema = this.#schemaOf(object.apiVersion?.split('/')[1] ?? '')
    if (!schema) return
    dropNulls(schema, object)
    applyStructuralDefaults(schema, object)
  }

  async #show(records: readonly KeyValue[], found: Map<string, KeyValue>): Promise<void> {
    const version = groupVersion(this.#kind)
    const objects = records.map((record) => parseStored(record.value))
    const others = objects.filter((object) => object.apiVersion !== version)
    const converted = new Map<AnyObject, AnyObject>()
    if (others.length > 0) {
      // What is left out gets the defaults of the version it is stored in before it is converted.
      for (const object of others) this.#fill(object)
      const results = await this.#convert(others, version)
      others.forEach((object, index) => {
        converted.set(object, results[index] ?? object)
      })
    }
    for (const [index, record] of records.entries()) {
      const stored = objects[index] as AnyObject
      const shown = this.#cleaned(record, converted.get(stored) ?? stored)
      found.set(idOf(record), shown)
      this.#keep(idOf(record), shown)
    }
  }

  #cleaned(record: KeyValue, object: AnyObject): KeyValue {
    prune(this.#custom.schema, object, true)
    dropNulls(this.#custom.schema, object)
    applyStructuralDefaults(this.#custom.schema, object)
    const encoded = encodeObject(object)
    if (sameContent(record.value, encoded.bytes)) return record
    return { ...record, value: encodedAt(record, encoded) }
  }

  #keep(id: string, record: KeyValue): void {
    if (this.#recent.size >= limits.shownRecordsMax) {
      const oldest = this.#recent.keys().next()
      if (!oldest.done) this.#recent.delete(oldest.value)
    }
    this.#recent.set(id, record)
  }

  #convert(objects: readonly AnyObject[], version: string): Promise<readonly AnyObject[]> {
    const definition = this.#kinds.definitionOf(this.#kind.group, this.#kind.resource)
    return convertObjects(definition?.spec.conversion, objects, version, this.#options)
  }
}

function idOf(record: KeyValue): string {
  return `${record.modRevision} ${record.key}`
}
