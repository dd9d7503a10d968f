/** Writes the protobuf wire format: varints, texts and messages within messages. */

const varintKind = 0
const bytesKind = 2

export function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8 + varintKind), varint(value)])
}

export function textField(number: number, text: string): Buffer {
  return messageField(number, Buffer.from(text, 'utf8'))
}

export function messageField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + bytesKind), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}
