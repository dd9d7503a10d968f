import { assert } from '../../../base/assert.ts'

/**
 * The Huffman code of HPACK (RFC 7541, appendix B): symbols by the length of their code. It is canonical:
 * codes of a length are given out in the order of their symbols, so lengths are all there is to know.
 */
const symbolsByBits: readonly (readonly [bits: number, symbols: string])[] = [
  [5, '48-50 97 99 101 105 111 115-116'],
  [6, '32 37 45-47 51-57 61 65 95 98 100 102-104 108-110 112 114 117'],
  [7, '58 66-87 89 106-107 113 118-122'],
  [8, '38 42 44 59 88 90'],
  [10, '33-34 40-41 63'],
  [11, '39 43 124'],
  [12, '35 62'],
  [13, '0 36 64 91 93 126'],
  [14, '94 125'],
  [15, '60 96 123'],
  [19, '92 195 208'],
  [20, '128 130-131 162 184 194 224 226'],
  [21, '153 161 167 172 176-177 179 209 216-217 227 229-230'],
  [
    22,
    '129 132-134 136 146 154 156 160 163-164 169-170 173 178 181 185-187 189-190 196 198 228 232-233',
  ],
  [
    23,
    '1 135 137-141 143 147 149-152 155 157-158 165-166 168 174-175 180 182-183 188 191 197 231 239',
  ],
  [24, '9 142 144-145 148 159 171 206 215 225 236-237'],
  [25, '199 207 234-235'],
  [26, '192-193 200-202 205 210 213 218-219 238 240 242-243 255'],
  [27, '203-204 211-212 214 221-223 241 244-248 250-254'],
  [28, '2-8 11-12 14-21 23-31 127 220 249'],
  [30, '10 13 22 256'],
]

const endOfString = 256
const symbols = 257
/** Padding is the beginning of the code of the end: ones, fewer than a byte of them. */
const paddingBitsMax = 7

/**
 * The code as a tree in an array: two places a node, by the next bit. A positive entry is the next node's
 * first place, a negative one a symbol, less one.
 */
const tree = buildTree()

function buildTree(): Int16Array {
  // A full binary tree has one inner node less than leaves.
  const places = new Int16Array(2 * (symbols - 1))
  let nodes = 1
  let code = 0
  let bitsBefore = 0
  for (const [bits, text] of symbolsByBits) {
    code *= 2 ** (bits - bitsBefore)
    bitsBefore = bits
    for (const symbol of expand(text)) {
      let place = 0
      for (let bit = bits - 1; bit > 0; bit -= 1) {
        place += (code >>> bit) & 1
        if (places[place] === 0) {
          places[place] = 2 * nodes
          nodes += 1
        }
        place = places[place] as number
      }
      places[place + (code & 1)] = -1 - symbol
      code += 1
    }
  }
  assert(nodes === symbols - 1 && !places.includes(0), 'the Huffman code is complete')
  return places
}

function expand(text: string): number[] {
  return text.split(' ').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, at) => first + at)
  })
}

/** The string, one character a byte; undefined when it is no valid code. */
export function decodeHuffman(encoded: Uint8Array): string | undefined {
  let text = ''
  let place = 0
  /** Since the last symbol. */
  let bitsRead = 0
  let allOnes = true
  for (const byte of encoded) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const one = (byte >>> bit) & 1
      const next = tree[place + one] as number
      bitsRead += 1
      if (one === 0) allOnes = false
      if (next > 0) {
        place = next
        continue
      }
      const symbol = -1 - next
      if (symbol === endOfString) return undefined
      text += String.fromCharCode(symbol)
      place = 0
      bitsRead = 0
      allOnes = true
    }
  }
  return bitsRead <= paddingBitsMax && allOnes ? text : undefined
}
