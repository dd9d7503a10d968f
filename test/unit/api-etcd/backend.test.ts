import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layBackendFile } from '../../../src/api/etcd/backend/file.ts'
import { pageBytes, pageHeaderBytes } from '../../../src/api/etcd/backend/page.ts'
import { Slices } from '../../../src/api/slices.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { SeededRandom } from '../../../src/base/random.ts'

const branchFlag = 1
const leafFlag = 2

type Entry = readonly [key: Buffer, value: Buffer]

/** Reads a file back as bbolt does: from a page on, down to the leaves. Notes the pages it saw. */
class Reader {
  readonly #file: Buffer
  readonly seen = new Set([0, 1, 2])

  constructor(file: Buffer) {
    this.#file = file
  }

  get meta() {
    const at = pageBytes + pageHeaderBytes
    const number = (offset: number) => Number(this.#file.readBigUInt64LE(at + offset))
    return { root: number(16), pages: number(40) }
  }

  entries(id: number): Entry[] {
    const at = id * pageBytes
    assert.equal(Number(this.#file.readBigUInt64LE(at)), id, 'a page knows its id')
    const [flags, count] = [this.#file.readUInt16LE(at + 8), this.#file.readUInt16LE(at + 10)]
    for (let more = 0; more <= this.#file.readUInt32LE(at + 12); more += 1) this.#see(id + more)
    assert.ok(flags === leafFlag || flags === branchFlag)
    return Array.from({ length: count }, (_, nth) => nth).flatMap((nth) => {
      const element = at + pageHeaderBytes + 16 * nth
      return flags === leafFlag ? [this.#leaf(element)] : this.#branch(element)
    })
  }

  #leaf(element: number): Entry {
    const [position, keyBytes, valueBytes] = [4, 8, 12].map((offset) =>
      this.#file.readUInt32LE(element + offset),
    ) as [number, number, number]
    const key = element + position
    const value = key + keyBytes
    return [this.#file.subarray(key, value), this.#file.subarray(value, value + valueBytes)]
  }

  #branch(element: number): Entry[] {
    const key = element + this.#file.readUInt32LE(element)
    const entries = this.entries(Number(this.#file.readBigUInt64LE(element + 8)))
    const first = this.#file.subarray(key, key + this.#file.readUInt32LE(element + 4))
    assert.deepEqual(first, entries[0]?.[0], 'a branch names the first key of a child')
    return entries
  }

  #see(page: number): void {
    assert.ok(!this.seen.has(page), `page ${page} belongs to one tree`)
    this.seen.add(page)
  }
}

test('backend file: what is put into its buckets is read back, and every page is accounted for', async () => {
  const random = new SeededRandom(11)
  const bucket = (name: string, length: number, bytesMax: number) => {
    const entries = Array.from({ length }, (_, at): Entry => {
      const key = Buffer.alloc(12)
      key.writeUInt32BE(at)
      return [key, Buffer.alloc(random.integer(0, bytesMax), at % 256)]
    })
    const items = {
      length,
      key: (at: number) => entries[at]?.[0] as Buffer,
      value: (at: number) => entries[at]?.[1] as Buffer,
      valueBytes: (at: number) => entries[at]?.[1].length ?? 0,
    }
    return { name, items, entries }
  }
  const buckets = [
    bucket('zero', 0, 1),
    bucket('one', 1, 10),
    bucket('small', 30_000, 20),
    bucket('large', 300, 20_000),
  ]
  const laid = await layBackendFile(buckets, new Slices(systemClock))
  const file = Buffer.concat([...laid.pages()])
  assert.equal(file.length, laid.bytes)
  const reader = new Reader(file)
  const { root, pages } = reader.meta
  assert.equal(pages * pageBytes, file.length)
  const roots = reader.entries(root)
  assert.deepEqual(
    roots.map(([name]) => name.toString()),
    ['large', 'one', 'small', 'zero'],
  )
  for (const [name, header] of roots) {
    const expected = buckets.find((one) => one.name === name.toString())?.entries
    const found = reader.entries(Number(header.readBigUInt64LE(0)))
    assert.ok(found.length === expected?.length)
    for (const [at, [key, value]] of found.entries())
      assert.ok(
        key.equals(expected[at]?.[0] as Buffer) && value.equals(expected[at]?.[1] as Buffer),
      )
  }
  assert.equal(reader.seen.size, pages, 'no page belongs to nothing')
})
