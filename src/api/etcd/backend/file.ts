import type { Slices } from '../../slices.ts'
import { bucketHeader, freelistPage, leafPage, metaPage, pageBytes } from './page.ts'
import { type SortedItems, Tree } from './tree.ts'

export interface Bucket {
  readonly name: string
  readonly items: SortedItems
}

export interface BackendFile {
  readonly bytes: number
  /** The file from its beginning, once. */
  pages(): Generator<Buffer, void, void>
}

const freelist = 2
const root = 3
const firstTreePage = 4
/** bbolt opens at the meta page of the later transaction; both say the same here. */
const transactions = [0, 1]

/** A bbolt file of these buckets, whose names fit into one page, as etcd opens it. */
export async function layBackendFile(
  buckets: readonly Bucket[],
  slices: Slices,
): Promise<BackendFile> {
  const named: { readonly name: string; readonly tree: Tree }[] = []
  let end = firstTreePage
  for (const { name, items } of buckets) {
    const tree = await Tree.lay(items, end, slices)
    named.push({ name, tree })
    end = tree.end
  }
  const byName = named.toSorted((left, right) => (left.name < right.name ? -1 : 1))
  const roots = byName.map(({ name, tree }) => ({
    ...{ key: Buffer.from(name), value: bucketHeader(tree.root) },
  }))
  return {
    bytes: end * pageBytes,
    *pages() {
      for (const transaction of transactions)
        yield metaPage(transaction, { transaction, freelist, root, pages: end })
      yield freelistPage(freelist)
      yield leafPage(root, roots, true)
      for (const { tree } of named) yield* tree.pages()
    },
  }
}
