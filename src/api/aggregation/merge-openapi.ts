import type { Part } from '../openapi/schemas.ts'
import type { RemoteDocument } from './remote-openapi.ts'

const definitionPrefix = '#/definitions/'

/**
 * PURE. The OpenAPI 2 document of all that is served: one's own, and of each other server the paths of the
 * groups and versions that it is asked for, with the definitions that they lead to. A definition of another
 * content under a name that is taken gets another name (kube-openapi pkg/aggregator).
 */
export function mergedOpenApi(own: Part, remotes: readonly RemoteDocument[]): Part {
  const prefixes = remotes.flatMap(({ services }) => services.map(prefixOf))
  const paths = new Map(
    Object.entries(part(own, 'paths')).filter(
      ([path]) => !prefixes.some((one) => isUnder(path, one)),
    ),
  )
  const definitions = new Map(Object.entries(part(own, 'definitions')))
  for (const { services, document } of remotes) {
    const wanted = Object.entries(part(document, 'paths')).filter(([path]) =>
      services.some((service) => isUnder(path, prefixOf(service))),
    )
    const theirs = new Map(Object.entries(part(document, 'definitions')))
    const needed = reached(wanted, theirs)
    const names = new Map([...needed].map((name) => [name, freeName(definitions, name, theirs)]))
    for (const [name, to] of names) definitions.set(to, renamed(theirs.get(name), names))
    for (const [path, item] of wanted) paths.set(path, renamed(item, names))
  }
  return {
    ...own,
    paths: Object.fromEntries(paths),
    definitions: Object.fromEntries(definitions),
  }
}

function part(of: Part, field: string): Part {
  const found = of[field]
  return typeof found === 'object' && found !== null ? (found as Part) : {}
}

function prefixOf({ group, version }: RemoteDocument['services'][number]): string {
  return `/apis/${group}/${version}`
}

function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

/** The names of the definitions that a value refers to, and of those that these refer to. */
function reached(value: unknown, definitions: ReadonlyMap<string, unknown>): ReadonlySet<string> {
  const found = new Set<string>()
  const waiting = references(value)
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name) || !definitions.has(name)) continue
    found.add(name)
    waiting.push(...references(definitions.get(name)))
  }
  return found
}

function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) =>
    name === '$ref' && typeof member === 'string' && member.startsWith(definitionPrefix)
      ? [member.slice(definitionPrefix.length)]
      : references(member),
  )
}

/** Its own name where nobody has it, or the same under it; else with a number. */
function freeName(
  taken: ReadonlyMap<string, unknown>,
  name: string,
  theirs: ReadonlyMap<string, unknown>,
): string {
  const content = JSON.stringify(theirs.get(name))
  const fits = (one: string) => !taken.has(one) || JSON.stringify(taken.get(one)) === content
  let free = name
  for (let number = 2; !fits(free); number += 1) free = `${name}_v${number}`
  return free
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (name !== '$ref' || typeof member !== 'string') return [name, renamed(member, names)]
      const known = names.get(member.slice(definitionPrefix.length))
      return [name, known === undefined ? member : `${definitionPrefix}${known}`]
    }),
  )
}
