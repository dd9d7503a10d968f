import type { Kind } from '../kinds/kind.ts'
import { keyOfText, textOfKey } from '../state/keys.ts'

type Place = Pick<Kind, 'group' | 'resource' | 'namespaced' | 'storedAs'>

/** Where the store keeps an object: `/registry/<group or "core">/<resource>/[<namespace>/]<name>`. */
export function objectKey(kind: Place, namespace: string, name: string): string {
  return resourcePrefix(kind, namespace) + keyOfText(name)
}

/** Start of the keys of a resource, in one namespace or, with '', in all. Ends with a slash. */
export function resourcePrefix(kind: Place, namespace: string): string {
  const group = kind.storedAs?.group ?? kind.group
  const prefix = `/registry/${group === '' ? 'core' : group}/${kind.resource}/`
  return kind.namespaced && namespace !== '' ? `${prefix}${keyOfText(namespace)}/` : prefix
}

/** The first key after everything that starts with `prefix`, which ends with a slash. */
export function prefixEnd(prefix: string): string {
  return `${prefix.slice(0, -1)}0`
}

/** The smallest key after `key`. */
export function keyAfter(key: string): string {
  return `${key}\0`
}

/** True when a name may be part of a key: one path segment that is not `.` or `..`. */
export function isKeySegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && !text.includes('/') && !text.includes('\0')
}

/** Namespace and name out of a key under `resourcePrefix(kind, '')`. */
export function placeOfKey(kind: Place, key: string): { namespace: string; name: string } {
  const rest = textOfKey(key.slice(resourcePrefix(kind, '').length))
  const at = rest.indexOf('/')
  return kind.namespaced
    ? { namespace: rest.slice(0, at), name: rest.slice(at + 1) }
    : { namespace: '', name: rest }
}
