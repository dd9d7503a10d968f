import { applySchemaDefaults } from '../../kinds/defaults.ts'
import { definition } from '../../kinds/schema.ts'
import type { ControllerRevision, PodTemplateSpec } from '../../kinds/types.ts'

/** What a revision keeps: the patch that brings the template of its owner back. */
export interface RevisionData {
  readonly spec: { readonly template: PodTemplateSpec & { readonly $patch: 'replace' } }
}

/**
 * A strategic merge patch that puts this template in the place of any other. Its keys are sorted: clients
 * of Go compare the bytes that they are sent.
 */
export function revisionData(template: PodTemplateSpec | undefined): RevisionData {
  return sorted({ spec: { template: { ...template, $patch: 'replace' } } }) as RevisionData
}

/** The template that a revision brings back; undefined when it holds something else. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec | undefined {
  const { spec } = (revision.data ?? {}) as { spec?: { template?: PodTemplateSpec } }
  if (typeof spec?.template !== 'object' || spec.template === null) return undefined
  const { $patch: _, ...template } = spec.template as PodTemplateSpec & { $patch?: string }
  return template
}

const known = new WeakMap<object, string>()

/** The bytes that are compared and hashed: JSON with sorted keys, as encoding/json writes a map. */
export function dataText(data: unknown): string {
  if (typeof data !== 'object' || data === null) return sortedJson(data)
  const text = known.get(data) ?? sortedJson(data)
  known.set(data, text)
  return text
}

export function sameData(one: unknown, other: unknown): boolean {
  return dataText(one) === dataText(other)
}

const templateSchema = () => definition('io.k8s.api.core.v1.PodTemplateSpec')
const defaulted = new WeakMap<ControllerRevision, RevisionData>()

/**
 * What a revision would hold if it were written today: fields that got a default since are filled in, so
 * that another version of the API server makes no new revision, and no new pods, of old templates
 * (setMatchesLatestExistingRevision).
 */
export function dataToday(revision: ControllerRevision): RevisionData | undefined {
  const known = defaulted.get(revision)
  if (known) return known
  const template = structuredClone(templateOf(revision))
  if (!template) return undefined
  applySchemaDefaults(templateSchema(), template)
  const data = revisionData(template)
  defaulted.set(revision, data)
  return data
}

/** Letters and digits that spell no words (k8s.io/apimachinery/pkg/util/rand). */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const offsetBasis = 0x811c9dc5
const prime = 0x01000193

/**
 * Names data: 32 bits of FNV-1 over its bytes and the collision count, in decimal, each digit as a
 * letter (pkg/controller/history/controller_history.go, HashControllerRevision).
 */
export function revisionHash(data: unknown, collisionCount: number): string {
  let hash = offsetBasis
  for (const byte of Buffer.from(`${dataText(data)}${collisionCount}`))
    hash = (Math.imul(hash, prime) ^ byte) >>> 0
  return [...String(hash)].map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('')
}

const namePrefixCharactersMax = 223

export function revisionName(owner: string, hash: string): string {
  return `${owner.slice(0, namePrefixCharactersMax)}-${hash}`
}

function sortedJson(value: unknown): string {
  return goText(JSON.stringify(sorted(value) ?? null))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
  const copy: Record<string, unknown> = Object.create(null)
  for (const [name, inner] of entries) copy[name] = sorted(inner)
  return copy
}

/** encoding/json escapes what would end a script in HTML. */
function goText(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
