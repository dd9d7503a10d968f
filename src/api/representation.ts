import { stringify as yamlStringify } from 'yaml'
import type { Revision } from '../base/brand.ts'
import type { AnyObject, ShownKind } from '../kinds/kind.ts'
import type { KeyValue } from '../state/cluster-store.ts'
import type { HandlerContext } from './context.ts'
import { groupVersion, invalidKind } from './errors.ts'
import { type Negotiated, negotiate } from './negotiate.ts'
import { ParsedObjects, parseObject } from './stored-object.ts'

/** `includeObject` of a table request: what stands beside the cells. */
export type IncludeObject = 'Metadata' | 'Object' | 'None'

/** The members of metadata of a list. */
export interface ListMeta {
  readonly resourceVersion: string
  readonly continue?: string | undefined
  readonly remainingItemCount?: number | undefined
}

/** Turns stored bytes into what the caller asked for: the object itself, its metadata, a table row. */
export class Representation {
  readonly contentType: string
  /** True when stored bytes can be sent as they are. */
  readonly verbatim: boolean
  readonly #kind: ShownKind
  readonly #negotiated: Negotiated
  readonly #include: IncludeObject
  readonly #nowMs: number
  readonly #parsed: ParsedObjects

  constructor(options: {
    kind: ShownKind
    negotiated: Negotiated
    include: IncludeObject
    nowMs: number
    parsed: ParsedObjects
  }) {
    this.#kind = options.kind
    this.#negotiated = options.negotiated
    this.#include = options.include
    this.#nowMs = options.nowMs
    this.#parsed = options.parsed
    this.contentType = options.negotiated.contentType
    this.verbatim = options.negotiated.transform === 'none' && options.negotiated.format === 'json'
  }

  /** One stored object as a whole answer. */
  one(record: KeyValue): Uint8Array {
    if (this.verbatim) return record.value
    return this.value(this.#parsed.get(record))
  }

  /** An object that is not in the store (dry run), or not any more. */
  value(object: AnyObject): Uint8Array {
    return this.#encode(this.#transform(object))
  }

  /** One item of a list, as JSON. */
  item(record: KeyValue): Uint8Array {
    if (this.verbatim) return record.value
    const object = this.#parsed.get(record)
    return Buffer.from(JSON.stringify(this.#item(object)))
  }

  /** A whole list of objects that are not in the store. */
  list(objects: readonly AnyObject[]): Uint8Array {
    const { before, after } = this.listFrame({ resourceVersion: '' })
    const items = objects.map((object) => JSON.stringify(this.#item(object))).join(',')
    const json = Buffer.concat([before, Buffer.from(items), after])
    return this.format === 'yaml' ? this.yaml(json) : json
  }

  /** What stands before and after the items, as JSON. */
  listFrame(meta: ListMeta): { before: Uint8Array; after: Uint8Array } {
    const { kind, apiVersion, items, extra } = this.#listShape()
    const head = JSON.stringify({ kind, apiVersion, metadata: meta, ...extra })
    return {
      before: Buffer.from(`${head.slice(0, -1)},"${items}":[`),
      after: Buffer.from(']}'),
    }
  }

  /** The object of a watch event, as JSON. A later event of a table leaves out the columns. */
  eventObject(value: Uint8Array, first: boolean): Uint8Array {
    if (this.#negotiated.transform === 'none') return value
    const object = parseObject(value)
    return Buffer.from(JSON.stringify(this.#transform(object, first)))
  }

  /** The object of a bookmark: an empty one with a resourceVersion. */
  bookmark(revision: Revision, initialEventsEnd: boolean): Uint8Array {
    const partial = this.#negotiated.transform !== 'none'
    const object: AnyObject = {
      kind: partial ? 'PartialObjectMetadata' : this.#kind.kind,
      apiVersion: partial ? this.#metaGroupVersion : groupVersion(this.#kind),
      metadata: {
        resourceVersion: String(revision),
        ...(initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
      },
    }
    const shown =
      this.#negotiated.transform === 'table'
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

  get format(): 'json' | 'yaml' {
    return this.#negotiated.format
  }

  #encode(value: unknown): Uint8Array {
    return Buffer.from(this.#negotiated.format === 'yaml' ? toYaml(value) : JSON.stringify(value))
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
    return {
      kind: 'PartialObjectMetadata',
      apiVersion: this.#metaGroupVersion,
      metadata: object.metadata,
    }
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
    if (transform === 'partial')
      return { kind: 'PartialObjectMetadataList', apiVersion: meta, items: 'items', extra: {} }
    const { listKind } = this.#kind
    return { kind: listKind, apiVersion: groupVersion(this.#kind), items: 'items', extra: {} }
  }

  get #metaGroupVersion(): string {
    return `meta.k8s.io/${this.#negotiated.metaVersion}`
  }
}

/** In the form that a request asks for. Throws NotAcceptable and Invalid. */
export function representationAs(
  { request, info, options }: HandlerContext,
  kind: ShownKind,
  parsed = new ParsedObjects(),
): Representation {
  return new Representation({
    kind,
    negotiated: negotiate(request.headers.get('accept')),
    include: parseIncludeObject(info.query.get('includeObject')),
    nowMs: options.clock.wallMs(),
    parsed,
  })
}

/** YAML 1.1 quotes what its readers (Kubernetes' own, Python's) would not take for text: yes, dates. */
function toYaml(value: unknown): string {
  return yamlStringify(value, { version: '1.1', lineWidth: 0 })
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
