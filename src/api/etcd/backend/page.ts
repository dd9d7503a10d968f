import { assert } from '../../../base/assert.ts'

/**
 * Pages of a bbolt file, as etcd reads them (bbolt page.go, db.go: type meta). All numbers are
 * little-endian; a page begins with its id, what it is, how much it holds, and how many pages follow
 * that belong to it.
 */
export const pageBytes = 4096
export const pageHeaderBytes = 16
/** What a branch or a leaf says about each of its items, before their bytes. */
export const elementBytes = 16

export interface Item {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** A child of a branch: its page, and the first key under it. */
export interface Child {
  readonly key: Uint8Array
  readonly page: number
}

const flags = { branch: 0x01, leaf: 0x02, meta: 0x04, freelist: 0x10 }
/** Of an item of a leaf whose value is where another bucket begins. */
const isBucketFlag = 1
const magic = 0xed0cdaed
const formatVersion = 2
const metaBytes = 56
const fnvOffset = 0xcbf29ce484222325n
const fnvPrime = 0x100000001b3n

/** How many pages so many bytes take. */
export function pagesOf(bytes: number): number {
  return Math.ceil(bytes / pageBytes)
}

export function leafPage(id: number, items: readonly Item[], holdsBuckets = false): Buffer {
  const page = newPage(id, flags.leaf, items, ({ key, value }) => key.length + value.length)
  let at = pageHeaderBytes + items.length * elementBytes
  for (const [nth, { key, value }] of items.entries()) {
    const element = pageHeaderBytes + nth * elementBytes
    page.writeUInt32LE(holdsBuckets ? isBucketFlag : 0, element)
    page.writeUInt32LE(at - element, element + 4)
    page.writeUInt32LE(key.length, element + 8)
    page.writeUInt32LE(value.length, element + 12)
    page.set(key, at)
    page.set(value, at + key.length)
    at += key.length + value.length
  }
  return page
}

export function branchPage(id: number, children: readonly Child[]): Buffer {
  const page = newPage(id, flags.branch, children, ({ key }) => key.length)
  let at = pageHeaderBytes + children.length * elementBytes
  for (const [nth, child] of children.entries()) {
    const element = pageHeaderBytes + nth * elementBytes
    page.writeUInt32LE(at - element, element)
    page.writeUInt32LE(child.key.length, element + 4)
    writeNumber(page, child.page, element + 8)
    page.set(child.key, at)
    at += child.key.length
  }
  return page
}

/** No page is free. */
export function freelistPage(id: number): Buffer {
  return newPage(id, flags.freelist, [], () => 0)
}

/** Where everything begins. There are two, of which the one with the higher transaction counts. */
export function metaPage(
  id: number,
  file: {
    readonly transaction: number
    readonly freelist: number
    readonly root: number
    readonly pages: number
  },
): Buffer {
  const page = newPage(id, flags.meta, [], () => 0)
  const meta = page.subarray(pageHeaderBytes)
  meta.writeUInt32LE(magic, 0)
  meta.writeUInt32LE(formatVersion, 4)
  meta.writeUInt32LE(pageBytes, 8)
  writeNumber(meta, file.root, 16)
  writeNumber(meta, file.freelist, 32)
  writeNumber(meta, file.pages, 40)
  writeNumber(meta, file.transaction, 48)
  meta.writeBigUInt64LE(fnv1a(meta.subarray(0, metaBytes)), metaBytes)
  return page
}

/** What stands in the root for a bucket: its root page, and a sequence that etcd does not use. */
export function bucketHeader(root: number): Buffer {
  const header = Buffer.alloc(16)
  writeNumber(header, root, 0)
  return header
}

function newPage<Held>(
  id: number,
  flag: number,
  held: readonly Held[],
  bytesOf: (one: Held) => number,
): Buffer {
  const used = held.reduce((sum, one) => sum + elementBytes + bytesOf(one), pageHeaderBytes)
  const pages = pagesOf(used)
  assert(pages === 1 || held.length === 1, 'only one item alone takes more than a page')
  const page = Buffer.alloc(pages * pageBytes)
  writeNumber(page, id, 0)
  page.writeUInt16LE(flag, 8)
  page.writeUInt16LE(held.length, 10)
  page.writeUInt32LE(pages - 1, 12)
  return page
}

function writeNumber(buffer: Buffer, value: number, at: number): void {
  buffer.writeBigUInt64LE(BigInt(value), at)
}

/** FNV-1a of 64 bits. */
function fnv1a(bytes: Uint8Array): bigint {
  let hash = fnvOffset
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * fnvPrime)
  return hash
}
