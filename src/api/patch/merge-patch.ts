import { emptyRecord, isRecord, type Json } from './json-value.ts'

/**
 * RFC 7386 on a document that this function may change: members replace, null removes, objects
 * merge, anything else is replaced whole. Returns the merged document.
 */
export function applyMergePatch(document: Json | undefined, patch: Json): Json {
  if (!isRecord(patch)) return patch
  const target = isRecord(document) ? document : emptyRecord()
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete target[key]
    else target[key] = applyMergePatch(Object.hasOwn(target, key) ? target[key] : undefined, value)
  }
  return target
}
