import { present } from '../base/assert.ts'
import type { Revision } from '../base/brand.ts'
import type { Status } from '../base/status.ts'
import { fieldHead, inEnvelope, protobufMessage, type TypeMeta } from '../kinds/encode-protobuf.ts'
import type { AnyObject, ShownKind } from '../kinds/kind.ts'
import type { KeyValue } from '../state/cluster-store.ts'
import type { HandlerContext } from './context.ts'
import { statusAs, textAs, toYaml } from './encoding/encoded-as.ts'
import { type EventType, eventFrame } from './encoding/event-frame.ts'
import { type ProtobufList, protobufListOf } from './encoding/protobuf-list.ts'
import { ProtobufMessages } from './encoding/protobuf-messages.ts'
import { groupVersion, invalidKind } from './errors.ts'
import { type Format, type Negotiated, negotiatedFor, requireShape } from './negotiate.ts'
import { ParsedObjects, parseObject, withRevision } from './stored-object.ts'

/** `includeObject` of a table request: what stands beside the cells. */
export type IncludeObject = 'Metadata' | 'Object' | 'None'

/** The members of metadata of a list. */
export interface ListMeta {
  readonly resourceVersion: string
  readonly continue?: string | undefined
  readonly remainingItemCount?: number | undefined
}

/** What was made of records before, for all requests. */
export interface MadeBefore {
  readonly parsed: ParsedObjects
  readonly messages: ProtobufMessages
}

const metaPackage = 'io.k8s.apimachinery.pkg.apis.meta.v1'

/** Turns stored bytes into what the caller asked for: the object itself, its metadata, a table row. */
export class Representation {
  readonly contentType: string
  /** True when stored bytes can be sent as they are. */
  readonly verbatim: boolean
  /** Two of the same form show a record alike, whoever asks; undefined where that depends on more. */
  readonly form: string | undefined
  readonly #kind: ShownKind
  readonly #negotiated: Negotiated
  readonly #include: IncludeObject
  readonly #nowMs: number
  readonly #made: MadeBefore

  constructor(options: {
    kind: ShownKind
    negotiated: Negotiated
    include: IncludeObject
    nowMs: number
    made: MadeBefore
  }) {
    const { format, transform, metaVersion, contentType } = options.negotiated
    this.#kind = options.kind
    this.#negotiated = options.negotiated
    this.#include = options.include
    this.#nowMs = options.nowMs
    this.#made = options.made
    this.contentType = contentType
    this.verbatim = transform === 'none' && format === 'json'
    this.form = transform === 'table' ? undefined : `${format} ${transform} ${metaVersion}`
  }

  get format(): Format {
    return this.#negotiated.format
  }

  /** One stored object as a whole answer. Throws NotAcceptable for who wants a list. */
  one(record: KeyValue): Uint8Array {
    if (this.verbatim) return record.value
    if (this.#isPlainProtobuf) return inEnvelope(this.#type, this.message(record))
    return this.value(this.#made.parsed.get(record))
  }

  /** As `one`, of an object that is not in the store (dry run), or not any more. */
  value(object: AnyObject): Uint8Array {
    requireShape(this.#negotiated, this.#kind, false)
    return this.#encoded(object)
  }

  #encoded(object: AnyObject): Uint8Array {
    const { format, transform } = this.#negotiated
    if (format !== 'protobuf') return textAs(format, this.#transform(object))
    const type = transform === 'none' ? this.#type : this.#partialType('')
    return inEnvelope(type, this.#messageOf(object))
  }

  /** A Status in place of the object. */
  status(status: Status): Uint8Array {
    return statusAs(this.#negotiated.format, status)
  }

  /** One item of a list, as JSON. */
  item(record: KeyValue): Uint8Array {
    if (this.verbatim) return record.value
    const object = this.#made.parsed.get(record)
    return Buffer.from(JSON.stringify(this.#item(object)))
  }

  /** One item of a list, as protobuf. */
  message(record: KeyValue): Uint8Array {
    if (this.#isPlainProtobuf) return this.#made.messages.get(record, this.#definition)
    return this.#messageOf(this.#made.parsed.get(record))
  }

  /** A whole list of objects that are not in the store. */
  list(objects: readonly AnyObject[]): Uint8Array {
    const meta = { resourceVersion: '' }
    if (this.format === 'protobuf') {
      const messages = objects.map((object) => this.#messageOf(object))
      return protobufListOf(this.protobufList(meta), messages)
    }
    const { before, after } = this.listFrame(meta)
    const items = objects.map((object) => JSON.stringify(this.#item(object))).join(',')
    const json = Buffer.concat([before, Buffer.from(items), after])
    return this.format === 'yaml' ? this.yaml(json) : json
  }

  /** What stands before and after the items, as JSON. Throws NotAcceptable for who wants one object. */
  listFrame(meta: ListMeta): { before: Uint8Array; after: Uint8Array } {
    requireShape(this.#negotiated, this.#kind, true)
    const { kind, apiVersion, items, extra } = this.#listShape()
    const head = JSON.stringify({ kind, apiVersion, metadata: meta, ...extra })
    return {
      before: Buffer.from(`${head.slice(0, -1)},"${items}":[`),
      after: Buffer.from(']}'),
    }
  }

  /** As `listFrame`, of protobuf. */
  protobufList(meta: ListMeta): ProtobufList {
    requireShape(this.#negotiated, this.#kind, true)
    const { kind, apiVersion } = this.#listShape()
    const { transform, metaVersion } = this.#negotiated
    const isReversed = transform === 'partial' && metaVersion === 'v1beta1'
    return {
      type: { apiVersion, kind },
      metadata: protobufMessage(`${metaPackage}.ListMeta`, meta),
      metadataNumber: isReversed ? 2 : 1,
      itemsNumber: isReversed ? 1 : 2,
    }
  }

  /**
   * A record as the object of a watch event, at another revision if it is shown as what it was. A later event
   * of a table leaves out the columns.
   */
  eventObject(record: KeyValue, at: Revision | undefined, first: boolean): Uint8Array {
    if (this.#isPlainProtobuf && at === undefined) return this.one(record)
    const value = at === undefined ? record.value : withRevision(record.value, at)
    if (this.verbatim) return value
    const object = parseObject(value)
    if (this.#negotiated.format === 'protobuf') return this.#encoded(object)
    return Buffer.from(JSON.stringify(this.#transform(object, first)))
  }

  /** An event as it goes over the wire. */
  frame(type: EventType, object: Uint8Array): Uint8Array {
    return eventFrame(this.#negotiated.format, type, object)
  }

  /** The object of a bookmark: an empty one with a resourceVersion. */
  bookmark(revision: Revision, initialEventsEnd: boolean): Uint8Array {
    const { format, transform } = this.#negotiated
    const partial = transform !== 'none'
    const object: AnyObject = {
      kind: partial ? 'PartialObjectMetadata' : this.#kind.kind,
      apiVersion: partial ? this.#metaGroupVersion : groupVersion(this.#kind),
      metadata: {
        resourceVersion: String(revision),
        ...(initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
      },
    }
    if (format === 'protobuf') return this.#encoded(object)
    const shown =
      transform === 'table'
        ? {
            kind: 'Table',
            apiVersion: this.#metaGroupVersion,
            metadata: { resourceVersion: String(revision) },
            columnDefinitions: [],
            rows: [{ cells: [], object }],
          }
        : object
    return Buffer.from(JSON.stringify(shown))
  }

  /** A whole list in YAML: the one form that cannot be joined from items. */
  yaml(json: Uint8Array): Uint8Array {
    return Buffer.from(toYaml(JSON.parse(Buffer.from(json).toString('utf8'))))
  }

  #messageOf(object: AnyObject): Uint8Array {
    return this.#isPlainProtobuf
      ? protobufMessage(this.#definition, object)
      : partialMessage(object)
  }

  get #isPlainProtobuf(): boolean {
    return this.#negotiated.format === 'protobuf' && this.#negotiated.transform === 'none'
  }

  get #definition(): string {
    return present(this.#kind.definition, `a definition of ${this.#kind.kind}`)
  }

  get #type(): TypeMeta {
    return { apiVersion: groupVersion(this.#kind), kind: this.#kind.kind }
  }

  #partialType(suffix: '' | 'List'): TypeMeta {
    return { apiVersion: this.#metaGroupVersion, kind: `PartialObjectMetadata${suffix}` }
  }

  #transform(object: AnyObject, withColumns = true): unknown {
    if (this.#negotiated.transform === 'none') return object
    if (this.#negotiated.transform === 'partial') return this.#partial(object)
    return {
      kind: 'Table',
      apiVersion: this.#metaGroupVersion,
      metadata: { resourceVersion: object.metadata.resourceVersion },
      columnDefinitions: withColumns ? this.#kind.columns : [],
      rows: [this.#row(object)],
    }
  }

  #item(object: AnyObject): unknown {
    if (this.#negotiated.transform === 'table') return this.#row(object)
    return this.#negotiated.transform === 'partial' ? this.#partial(object) : object
  }

  #row(object: AnyObject): unknown {
    const cells = this.#kind.row(object, this.#nowMs)
    if (this.#include === 'None') return { cells }
    return { cells, object: this.#include === 'Object' ? object : this.#partial(object) }
  }

  #partial(object: AnyObject): unknown {
    return { ...this.#partialType(''), metadata: object.metadata }
  }

  #listShape(): { kind: string; apiVersion: string; items: string; extra: object } {
    const { transform } = this.#negotiated
    const meta = this.#metaGroupVersion
    if (transform === 'table')
      return {
        kind: 'Table',
        apiVersion: meta,
        items: 'rows',
        extra: { columnDefinitions: this.#kind.columns },
      }
    if (transform === 'partial') return { ...this.#partialType('List'), items: 'items', extra: {} }
    const { listKind } = this.#kind
    return { kind: listKind, apiVersion: groupVersion(this.#kind), items: 'items', extra: {} }
  }

  get #metaGroupVersion(): string {
    return `meta.k8s.io/${this.#negotiated.metaVersion}`
  }
}

/** The message of a PartialObjectMetadata: metadata alone, in field 1. */
function partialMessage({ metadata }: AnyObject): Uint8Array {
  const message = protobufMessage(`${metaPackage}.ObjectMeta`, metadata)
  return Buffer.concat([fieldHead(1, message.length), message])
}

/** What is answered, never listed, and has no columns: reviews, tokens. */
export function answeredKind<
  T extends Pick<ShownKind, 'group' | 'version' | 'kind' | 'definition'>,
>(kind: T): T & ShownKind {
  return { ...kind, listKind: '', columns: [], row: () => [] }
}

/** In the form that a request asks for. Throws NotAcceptable and Invalid. */
export function representationAs(
  { request, info, options }: HandlerContext,
  kind: ShownKind,
  made: MadeBefore = { parsed: new ParsedObjects(), messages: new ProtobufMessages() },
): Representation {
  return new Representation({
    kind,
    negotiated: negotiatedFor(request.headers.get('accept'), info.verb, kind),
    include: parseIncludeObject(info.query.get('includeObject')),
    nowMs: options.clock.wallMs(),
    made,
  })
}

/** Reads `includeObject` of a table request; throws Invalid for an unknown value. */
function parseIncludeObject(text: string | null): IncludeObject {
  if (text === null || text === '' || text === 'Metadata') return 'Metadata'
  if (text === 'Object' || text === 'None') return text
  throw invalidKind('TableOptions', 'meta.k8s.io', '', [
    {
      type: 'FieldValueInvalid',
      field: 'includeObject',
      message: `Invalid value: "${text}": must be 'Metadata', 'Object', 'None', or empty`,
    },
  ])
}
