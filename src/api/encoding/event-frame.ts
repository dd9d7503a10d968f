import { fieldHead } from '../../kinds/encode-protobuf.ts'
import type { Format } from '../negotiate.ts'

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'

const newline = Buffer.from('}\n')
const types = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'] as const
const jsonHeads = new Map(types.map((type) => [type, Buffer.from(`{"type":"${type}","object":`)]))
const protobufTypes = new Map(
  types.map((type) => [type, Buffer.concat([fieldHead(1, type.length), Buffer.from(type)])]),
)
const noBytes = new Uint8Array(0)

/**
 * An event as it goes over the wire: a line of JSON, or a WatchEvent of protobuf after its length, four bytes
 * with the highest first (apimachinery pkg/runtime/serializer/protobuf, lengthDelimitedFramer).
 */
export function eventFrame(format: Format, type: EventType, object: Uint8Array): Uint8Array {
  if (format !== 'protobuf') return Buffer.concat([jsonHeads.get(type) ?? noBytes, object, newline])
  const typeField = protobufTypes.get(type) ?? noBytes
  const rawHead = fieldHead(1, object.length)
  const rawExtension = fieldHead(2, rawHead.length + object.length)
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(typeField.length + rawExtension.length + rawHead.length + object.length)
  return Buffer.concat([length, typeField, rawExtension, rawHead, object])
}
