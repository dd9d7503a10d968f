import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headerBlock } from '../../../src/api/etcd/grpc/frames.ts'
import { HpackDecoder, HpackError } from '../../../src/api/etcd/grpc/hpack-decoder.ts'
import { decodeHuffman } from '../../../src/api/etcd/grpc/huffman.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const listBytesMax = 16_384
const lines = (decoder: HpackDecoder, block: Uint8Array) =>
  decoder.decode(block)?.map(({ name, value }) => `${name}: ${value}`)

test('hpack: the requests of RFC 7541, appendix C.4, one after the other', () => {
  const decoder = new HpackDecoder(listBytesMax)
  const first = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']
  assert.deepEqual(lines(decoder, hex('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff')), first)
  assert.deepEqual(lines(decoder, hex('8286 84be 5886 a8eb 1064 9cbf')), [
    ...first,
    'cache-control: no-cache',
  ])
  assert.deepEqual(
    lines(decoder, hex('8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf')),
    [
      ...[':method: GET', ':scheme: https', ':path: /index.html'],
      ...[':authority: www.example.com', 'custom-key: custom-value'],
    ],
  )
})

test('hpack: what the server writes is read back', () => {
  const fields = [
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ['grpc-message', 'x'.repeat(1_000)],
    ['grpc-status', '0'],
  ] as const
  assert.deepEqual(
    lines(new HpackDecoder(listBytesMax), headerBlock(fields)),
    fields.map(([name, value]) => `${name}: ${value}`),
  )
})

test('hpack: an entry that no longer fits leaves, and a smaller table is emptied', () => {
  const literal = (name: string, value: string) =>
    Buffer.concat([
      Buffer.of(0x40, name.length),
      Buffer.from(name),
      Buffer.of(0x7f, ...integerRest(value.length - 0x7f)),
      Buffer.from(value),
    ])
  const decoder = new HpackDecoder(listBytesMax)
  decoder.decode(literal('one', 'x'.repeat(2_000)))
  decoder.decode(literal('two', 'y'.repeat(2_000)))
  assert.deepEqual(
    decoder.decode(Buffer.of(0x80 + 63))?.map(({ name }) => name),
    ['one'],
  )
  decoder.decode(literal('three', 'z'.repeat(200)))
  assert.throws(() => decoder.decode(Buffer.of(0x80 + 64)), HpackError)
  assert.deepEqual(decoder.decode(Buffer.of(0x20)), [])
  assert.throws(() => decoder.decode(Buffer.of(0x80 + 62)), HpackError)
})

test('hpack: too many fields are dropped, and the table is right all the same', () => {
  const decoder = new HpackDecoder(100)
  const field = Buffer.concat([Buffer.of(0x40, 1), Buffer.from('a'), Buffer.of(40)])
  const block = Buffer.concat([field, Buffer.alloc(40, 'v'), Buffer.of(0x80 + 62)])
  assert.equal(decoder.decode(block), undefined)
  assert.equal(decoder.decode(Buffer.of(0x80 + 62))?.[0]?.name, 'a')
})

const malformed: readonly (readonly [what: string, block: string])[] = [
  ['index 0', '80'],
  ['an index beyond the table', 'be'],
  ['an integer without an end', 'ff ff ff ff ff ff ff ff'],
  ['a string that is longer than the block', '00 01 61 7e 61'],
  ['a string without its length', '00 01 61'],
  ['a table larger than told', '3f e2 1f'],
  ['a table size after a field', '82 20'],
  ['padding of zeros', '00 81 18 01 61'],
  ['padding of a whole byte', '00 82 1f ff 01 61'],
  ['the end of a string as a symbol', '00 84 ff ff ff ff 01 61'],
]
for (const [what, block] of malformed)
  test(`hpack: ${what} is refused`, () => {
    assert.throws(() => new HpackDecoder(listBytesMax).decode(hex(block)), HpackError)
  })

test('hpack: no bytes break the decoder', () => {
  let state = 7
  const random = () => {
    state = (state * 48_271) % 2_147_483_647
    return state
  }
  for (let round = 0; round < 2_000; round += 1) {
    const block = Buffer.from(Array.from({ length: random() % 40 }, () => random() & 0xff))
    decodeHuffman(block)
    try {
      new HpackDecoder(listBytesMax).decode(block)
    } catch (error) {
      assert.ok(error instanceof HpackError, `${block.toString('hex')}: ${error}`)
    }
  }
})

function integerRest(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest]
}
