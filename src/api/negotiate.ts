import { notAcceptable } from './errors.ts'

/** The form in which the caller wants objects. */
export interface Negotiated {
  readonly format: 'json' | 'yaml'
  /** `partial` is PartialObjectMetadata, or its list where a list was asked for. */
  readonly transform: 'none' | 'table' | 'partial'
  /** Version of group meta.k8s.io for a transform. */
  readonly metaVersion: 'v1' | 'v1beta1'
  readonly contentType: string
}

interface Clause {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
  readonly order: number
}

const formats: ReadonlyMap<string, 'json' | 'yaml'> = new Map([
  ['application/json', 'json'],
  ['application/*', 'json'],
  ['*/*', 'json'],
  ['application/yaml', 'yaml'],
])

export const answerTypes = ['application/json', 'application/yaml'] as const

/**
 * Chooses what to answer with, first acceptable clause first (apiserver
 * pkg/endpoints/handlers/negotiation). Protobuf is never chosen: every client that asks for it also
 * lists JSON. Throws NotAcceptable when nothing fits.
 */
export function negotiate(accept: string | undefined): Negotiated {
  if (accept === undefined || accept.trim() === '') return plain('json')
  for (const clause of parseAccept(accept)) {
    const format = formats.get(clause.type)
    if (format === undefined) continue
    const chosen = transformed(format, clause.parameters)
    if (chosen) return chosen
  }
  throw notAcceptable(answerTypes)
}

/**
 * Refuses who takes nothing but a Table or PartialObjectMetadata of what has no metadata, a review say.
 * Throws NotAcceptable.
 */
export function refuseTransforms(accept: string | undefined): void {
  const clauses = parseAccept(accept?.trim() || '*/*')
  const fits = clauses.some(({ type, parameters }) => formats.has(type) && !parameters.has('as'))
  if (!fits) throw notAcceptable(answerTypes)
}

function plain(format: 'json' | 'yaml'): Negotiated {
  return { format, transform: 'none', metaVersion: 'v1', contentType: `application/${format}` }
}

function transformed(
  format: 'json' | 'yaml',
  parameters: ReadonlyMap<string, string>,
): Negotiated | undefined {
  const as = parameters.get('as')
  if (as === undefined) return plain(format)
  const version = parameters.get('v')
  if (parameters.get('g') !== 'meta.k8s.io') return undefined
  if (version !== 'v1' && version !== 'v1beta1') return undefined
  const base = { ...plain(format), metaVersion: version } as const
  if (as === 'Table') return { ...base, transform: 'table' }
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList')
    return { ...base, transform: 'partial' }
  return undefined
}

/** Clauses by falling quality, then in the order sent. Those of quality 0 are left out. */
export function parseAccept(accept: string): readonly Clause[] {
  return accept
    .split(',')
    .map((text, order) => parseClause(text, order))
    .filter((clause) => clause.quality > 0)
    .sort((a, b) => b.quality - a.quality || a.order - b.order)
}

function parseClause(text: string, order: number): Clause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim())
  const parameters = new Map<string, string>()
  for (const part of rest) {
    const at = part.indexOf('=')
    if (at > 0) parameters.set(part.slice(0, at).toLowerCase(), unquote(part.slice(at + 1)))
  }
  const quality = Number(parameters.get('q') ?? '1')
  return {
    type: type.toLowerCase(),
    parameters,
    quality: Number.isFinite(quality) ? quality : 0,
    order,
  }
}

function unquote(text: string): string {
  return text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1) : text
}
