import {
  envelopeAround,
  fieldHead,
  fieldHeadBytes,
  inEnvelope,
  type TypeMeta,
} from '../../kinds/encode-protobuf.ts'
import type { Slices } from '../slices.ts'

/** Bytes of a list that go out in one piece. */
const blockBytes = 256 * 1024

/** What a list is made of, beside its items. */
export interface ProtobufList {
  readonly type: TypeMeta
  /** The message of its metadata. */
  readonly metadata: Uint8Array
  /** Numbers of the fields: items come first in meta.k8s.io/v1beta1 alone. */
  readonly metadataNumber: 1 | 2
  readonly itemsNumber: 1 | 2
}

/**
 * A list in blocks. Its length stands at its beginning, so every item is made before the first byte goes out:
 * the messages are held until they are sent.
 */
export async function* protobufListBlocks<T>(
  slices: Slices,
  list: ProtobufList,
  items: readonly T[],
  messageOf: (item: T) => Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  const messages: Uint8Array[] = []
  let bytes = fieldHeadBytes(list.metadata.length) + list.metadata.length
  for (const item of items) {
    const message = messageOf(item)
    messages.push(message)
    bytes += fieldHeadBytes(message.length) + message.length
    if (slices.over) await slices.pause()
  }
  const { before, after } = envelopeAround(list.type, bytes)
  const metadata = [fieldHead(list.metadataNumber, list.metadata.length), list.metadata]
  const isFirst = list.metadataNumber < list.itemsNumber
  let block: Uint8Array[] = isFirst ? [before, ...metadata] : [before]
  let inBlock = 0
  for (const message of messages) {
    block.push(fieldHead(list.itemsNumber, message.length), message)
    inBlock += message.length
    if (slices.over) await slices.pause()
    if (inBlock < blockBytes) continue
    yield Buffer.concat(block)
    block = []
    inBlock = 0
  }
  if (!isFirst) block.push(...metadata)
  yield Buffer.concat([...block, after])
}

/** A short list, whole. */
export function protobufListOf(list: ProtobufList, messages: readonly Uint8Array[]): Uint8Array {
  const { metadata, metadataNumber, itemsNumber } = list
  const items = messages.flatMap((message) => [fieldHead(itemsNumber, message.length), message])
  const meta = [fieldHead(metadataNumber, metadata.length), metadata]
  const parts = metadataNumber < itemsNumber ? [...meta, ...items] : [...items, ...meta]
  return inEnvelope(list.type, Buffer.concat(parts))
}
