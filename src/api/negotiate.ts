import type { StatusError } from '../base/status.ts'
import type { ShownKind } from '../kinds/kind.ts'
import { notAcceptable, notInThatShape, notProduced, withoutReason } from './errors.ts'

/** What bytes of an answer are. */
export type Format = 'json' | 'yaml' | 'protobuf'

/** In the order in which a wildcard tries them. */
export const mediaTypes: Readonly<Record<Format, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
}
const formats = Object.keys(mediaTypes) as readonly Format[]
export const answerTypes: readonly string[] = Object.values(mediaTypes)
/** Of watches: YAML has no form for events one by one. */
const streamFormats: ReadonlySet<Format> = new Set(['json', 'protobuf'])
export const streamTypes: readonly string[] = [...streamFormats].map(
  (format) => `${mediaTypes[format]};stream=watch`,
)

/** The form in which the caller wants objects. */
export interface Negotiated {
  readonly format: Format
  /** `partial` is PartialObjectMetadata, or its list where a list was asked for. */
  readonly transform: 'none' | 'table' | 'partial'
  /** True where the list of PartialObjectMetadata was named. */
  readonly isList: boolean
  /** Version of group meta.k8s.io for a transform. */
  readonly metaVersion: 'v1' | 'v1beta1'
  readonly contentType: string
  /** JSON laid out for reading. */
  readonly pretty: boolean
}

/** What may be asked of a path (apiserver pkg/endpoints/handlers/negotiation, EndpointRestrictions). */
export interface Endpoint {
  /** In what form things are that are not transformed: of custom resources there is no protobuf. */
  readonly formats: readonly Format[]
  readonly tables: boolean
  readonly partials: boolean
  /** The only `sv=` that is no reason to refuse. */
  readonly serverVersion: string | undefined
}

export const resourceEndpoint: Endpoint = {
  formats,
  tables: true,
  partials: true,
  serverVersion: 'v1',
}
/** Of what has metadata and no columns: reviews, tokens. */
export const reviewEndpoint: Endpoint = { ...resourceEndpoint, tables: false }
export const customEndpoint: Endpoint = {
  ...resourceEndpoint,
  formats: ['json', 'yaml'],
  serverVersion: undefined,
}
/** Of what is shown as it is: refusals, discovery. */
export const plainEndpoint: Endpoint = {
  formats,
  tables: false,
  partials: false,
  serverVersion: undefined,
}

export interface Clause {
  /** `type/subtype`, either of them perhaps `*`. */
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

/** Chooses what to answer a request for a kind with. Throws NotAcceptable when nothing fits. */
export function negotiatedFor(
  accept: string | undefined,
  verb: string,
  kind: ShownKind,
): Negotiated {
  const mayStream = verb === 'list' || verb === 'watch'
  if (!kind.custom)
    requireProduced(accept, mayStream ? [...answerTypes, ...streamTypes] : answerTypes)
  const negotiated = negotiate(accept, endpointOf(kind))
  if (verb === 'watch' && !streamFormats.has(negotiated.format)) throw notAcceptable(streamTypes)
  return negotiated
}

/**
 * Throws NotAcceptable when metadata of one object is asked of a list, or the other way round. That is found
 * when the answer is made, so what was asked for has been done.
 */
export function requireShape(
  { transform, isList }: Negotiated,
  kind: ShownKind,
  answersList: boolean,
): void {
  if (transform === 'partial' && isList !== answersList) throw wrongShape(kind, answersList)
}

function endpointOf({ custom, definition, columns }: ShownKind): Endpoint {
  if (custom || !definition) return customEndpoint
  return columns.length > 0 ? resourceEndpoint : reviewEndpoint
}

function wrongShape({ group, kind, listKind, custom }: ShownKind, isList: boolean): StatusError {
  if (!custom)
    return notInThatShape(isList, `${group.split('.')[0] || 'core'}.${isList ? listKind : kind}`)
  return isList
    ? notInThatShape(isList, 'unstructured.UnstructuredList')
    : withoutReason('content is not a list')
}

/** Chooses what to answer with. Throws NotAcceptable when nothing fits. */
export function negotiate(
  accept: string | undefined,
  endpoint: Endpoint = resourceEndpoint,
): Negotiated {
  const chosen = findAcceptable(accept, endpoint)
  if (!chosen) throw notAcceptable(answerTypes)
  return chosen
}

/** As `negotiate`; undefined when nothing fits. */
export function findAcceptable(
  accept: string | undefined,
  endpoint: Endpoint,
): Negotiated | undefined {
  if (accept === undefined || accept === '') return untransformed('json')
  for (const clause of parseAccept(accept))
    for (const format of formats) {
      const chosen = covers(clause, mediaTypes[format]) && chosenOf(format, clause, endpoint)
      if (chosen) return chosen
    }
  return undefined
}

/** The aggregated form of discovery that the caller prefers, if any. */
export function findAggregated(
  accept: string | undefined,
): (Pick<Negotiated, 'format' | 'contentType'> & { version: 'v2' | 'v2beta1' }) | undefined {
  for (const clause of parseAccept(accept ?? ''))
    for (const format of formats) {
      const { parameters } = clause
      const [as, group, version] = ['as', 'g', 'v'].map((name) => parameters.get(name))
      if (!covers(clause, mediaTypes[format]) || !mayStream(format, parameters)) continue
      if (as !== 'APIGroupDiscoveryList' || group !== 'apidiscovery.k8s.io') continue
      if (version !== 'v2' && version !== 'v2beta1') continue
      const contentType = `${mediaTypes[format]};g=${group};v=${version};as=${as}`
      return { format, contentType, version }
    }
  return undefined
}

/**
 * Refuses what names no type that a path of a built-in resource produces; a wildcard of subtypes names none
 * (go-restful's router, which looks before Kubernetes negotiates).
 */
export function requireProduced(accept: string | undefined, produced: readonly string[]): void {
  const refusal = notProducedOf(accept, produced)
  if (refusal) throw refusal
}

function notProducedOf(
  accept: string | undefined,
  produced: readonly string[],
): StatusError | undefined {
  if (accept === undefined || accept === '') return undefined
  const named = accept.split(',').map((part) => (part.split(';', 1)[0] ?? '').trim())
  if (named.some((type) => type === '*/*' || produced.includes(type))) return undefined
  return notProduced(produced)
}

function covers({ type }: Clause, mediaType: string): boolean {
  if (type === '*/*' || type === mediaType) return true
  return type.endsWith('/*') && mediaType.startsWith(type.slice(0, -1))
}

function chosenOf(
  format: Format,
  { parameters }: Clause,
  endpoint: Endpoint,
): Negotiated | undefined {
  if (!mayStream(format, parameters)) return undefined
  const serverVersion = parameters.get('sv') ?? ''
  if (serverVersion !== '' && serverVersion !== endpoint.serverVersion) return undefined
  const plain = untransformed(format, parameters.get('pretty') === '1')
  const [as, group, version] = ['as', 'g', 'v'].map((name) => parameters.get(name))
  if (as === undefined && group === undefined && version === undefined)
    return endpoint.formats.includes(format) ? plain : undefined
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined
  const base = { ...plain, metaVersion: version } as const
  if (as === 'Table')
    return endpoint.tables && format !== 'protobuf' ? { ...base, transform: 'table' } : undefined
  if (as !== 'PartialObjectMetadata' && as !== 'PartialObjectMetadataList') return undefined
  const isList = as === 'PartialObjectMetadataList'
  return endpoint.partials ? { ...base, transform: 'partial', isList } : undefined
}

/** False for `stream=` of what has no such form. */
function mayStream(format: Format, parameters: ReadonlyMap<string, string>): boolean {
  const stream = parameters.get('stream') ?? ''
  return stream === '' || (stream === 'watch' && streamFormats.has(format))
}

function untransformed(format: Format, pretty = false): Negotiated {
  const contentType = mediaTypes[format]
  return { format, transform: 'none', isList: false, metaVersion: 'v1', contentType, pretty }
}

/**
 * The clauses of a header, the preferred ones first: by quality, then what is exact before wildcards, and
 * else as they came (munnerz/goautoneg, whose order it is to the letter).
 */
export function parseAccept(accept: string): readonly Clause[] {
  const clauses = accept.split(',').flatMap((text) => parseClause(text) ?? [])
  // By insertion, as Go sorts what is short: what comes before what is not the same thing both ways.
  for (let end = 1; end < clauses.length; end += 1)
    for (let at = end; at > 0; at -= 1) {
      const [left, right] = [clauses[at - 1], clauses[at]]
      if (!left || !right || !isBefore(right, left)) break
      clauses[at - 1] = right
      clauses[at] = left
    }
  return clauses
}

function isBefore(one: Clause, other: Clause): boolean {
  if (one.quality > other.quality) return true
  if (!one.type.startsWith('*') && other.type.startsWith('*')) return true
  return !one.type.endsWith('/*') && other.type.endsWith('/*')
}

function parseClause(text: string): Clause | undefined {
  const [range = '', ...rest] = text.split(';')
  const [type = '', subtype = '', ...more] = range.trim().split('/')
  if (more.length > 0 || (subtype === '' && type.trim() !== '*')) return undefined
  const parameters = new Map<string, string>()
  let quality = 1
  for (const part of rest) {
    const [name = '', value = '', ...beyond] = part.split('=')
    if (value === '' || beyond.length > 0) continue
    if (name.trim() === 'q') quality = Number(value) || 0
    else parameters.set(name.trim(), value.trim())
  }
  return { type: `${type.trim()}/${subtype.trim() || '*'}`, parameters, quality }
}
