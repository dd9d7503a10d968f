import { assert } from '../../base/assert.ts'

export interface ArchiveFile {
  /** Absolute or relative; `/` at the end makes a directory. */
  readonly path: string
  /** Permission bits. */
  readonly mode: number
  readonly content: Uint8Array | string
  /** Makes it a symbolic link there; the content is left out. */
  readonly linkTo?: string
}

const blockBytes = 512
const nameBytesMax = 100

/** A tar archive (POSIX ustar) of a few files, owned by root, without times: equal input, equal bytes. */
export function tarArchive(files: readonly ArchiveFile[]): Buffer {
  const blocks: Buffer[] = []
  for (const { path, mode, content, linkTo } of files) {
    const bytes = linkTo === undefined ? Buffer.from(content) : Buffer.alloc(0)
    const name = path.replace(/^\/+/, '')
    assert(Buffer.byteLength(name) <= nameBytesMax, `path ${path} fits a ustar header`)
    blocks.push(header(name, mode, bytes.length, linkTo), bytes)
    blocks.push(Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes))
  }
  blocks.push(Buffer.alloc(2 * blockBytes))
  return Buffer.concat(blocks)
}

function header(name: string, mode: number, size: number, linkTo: string | undefined): Buffer {
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, at: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1')
  block.write(name, 0)
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  const kind = linkTo !== undefined ? '2' : name.endsWith('/') ? '5' : '0'
  block.write(kind, 156, 'latin1')
  block.write(linkTo ?? '', 157)
  block.write('ustar\x0000', 257, 'latin1')
  // The sum counts its own field as spaces.
  block.fill(' ', 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}
