import { present } from '../../../src/base/assert.ts'
import { decodeJson } from '../../../src/kinds/decode-json.ts'
import { applyDefaults } from '../../../src/kinds/defaults.ts'
import type { AnyObject, Kind } from '../../../src/kinds/kind.ts'
import { allKinds } from '../../../src/kinds/scheme.ts'
import { fieldErrorText } from '../../../src/kinds/validation/field-error.ts'

/** The way of an object through its kind's rules, as the API takes it. */

/** A kind by name; `v1/HorizontalPodAutoscaler` where a version matters. */
export function kindNamed(name: string): Kind {
  const [version, kind] = name.includes('/') ? name.split('/') : [undefined, name]
  return present(
    allKinds.find((one) => one.kind === kind && (version === undefined || one.version === version)),
    name,
  )
}

/** Decoded strictly, and defaulted. */
export function read(name: string, given: object): AnyObject {
  const kind = kindNamed(name)
  const bytes = new TextEncoder().encode(JSON.stringify(given))
  const { object } = decodeJson(kind.definition, bytes, 'Strict')
  applyDefaults(kind, object)
  return object
}

export function created(name: string, given: object): AnyObject {
  const object = read(name, given)
  kindNamed(name).prepareCreate(object)
  return object
}

export function createErrors(name: string, given: object): string[] {
  return kindNamed(name).validateCreate(created(name, given)).map(fieldErrorText)
}

/** `status` is what a controller has written meanwhile. */
export function updateErrors(name: string, old: object, now: object, status?: object): string[] {
  const kind = kindNamed(name)
  const before = created(name, old)
  if (status) before['status'] = status
  const object = read(name, now)
  kind.prepareUpdate(object, before)
  return kind.validateUpdate(object, before).map(fieldErrorText)
}
