import type { Overload } from '../functions.ts'
import type { Type } from '../types.ts'

const known = new WeakMap<Overload, string>()

/** `startsWith(string,string)`: what tells one overload from another where costs differ. */
export function signatureOf(overload: Overload): string {
  const found = known.get(overload)
  if (found !== undefined) return found
  const made = `${overload.name}(${overload.parameters.map(shortName).join(',')})`
  known.set(overload, made)
  return made
}

/** Lists alone say of what: sorting texts costs more than sorting numbers. */
function shortName(type: Type): string {
  if (type.is === 'list') return `list<${shortName(type.of)}>`
  if (type.is === 'opaque') return type.name
  return type.is === 'parameter' ? 'any' : type.is
}
