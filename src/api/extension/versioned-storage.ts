import { limits } from '../../base/limits.ts'
import { encodeObject, parseStored } from '../../kinds/encode.ts'
import type { AnyObject, StoredForm } from '../../kinds/kind.ts'
import type { KeyValue } from '../../state/cluster-store.ts'
import { ProtobufMessages } from '../encoding/protobuf-messages.ts'
import { encodeChecked, type ObjectStorage } from '../handlers/object-storage.ts'
import type { Shared } from '../handlers/resource-context.ts'
import { EventFrames } from '../handlers/watch/event-frames.ts'
import { encodedAt, ParsedObjects } from '../stored-object.ts'

/** What requests share for a version of a built-in kind that is not the stored one. */
export class VersionedKinds {
  readonly #shared: Shared
  readonly #known = new Map<StoredForm, Shared>()

  constructor(shared: Shared) {
    this.#shared = shared
  }

  shared(form: StoredForm): Shared {
    const known = this.#known.get(form)
    if (known) return known
    // Of two versions, one record is two objects: they must not meet in one cache.
    const made: Shared = {
      ...this.#shared,
      parsed: new ParsedObjects(),
      messages: new ProtobufMessages(limits.otherVersionMessagesBytesMax),
      frames: new EventFrames(limits.customEventBytesMax),
      storage: versionedStorage(form),
    }
    this.#known.set(form, made)
    return made
  }
}

/** Converts on the way out of the store and into it. */
function versionedStorage({ toStored, fromStored }: StoredForm): ObjectStorage {
  return {
    shown: (records) => records.map((record) => shownAs(record, fromStored)),
    encoded: (object) => encodeChecked(toStored(object)),
  }
}

function shownAs(record: KeyValue, convert: (object: AnyObject) => AnyObject): KeyValue {
  return { ...record, value: encodedAt(record, encodeObject(convert(parseStored(record.value)))) }
}
