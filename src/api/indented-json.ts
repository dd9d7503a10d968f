import type { ApiBody, ApiRequest, ApiResponse } from '../client/transport.ts'
import { parseAccept } from './negotiate.ts'
import { jsonType } from './responses.ts'

/** People at a terminal or before a browser (apiserver negotiation/negotiate.go: isPrettyPrint). */
const peoplesTools = /^(?:curl|Wget|Mozilla\/5\.0)/
/** What Go's strconv.ParseBool takes for true. */
const yes: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])

/** Whether JSON is to be laid out for reading: who asked says so by `pretty`, or by what it is. */
export function wantsIndented(
  { headers }: Pick<ApiRequest, 'headers'>,
  query: URLSearchParams,
): boolean {
  const [first] = parseAccept(headers.get('accept') ?? '')
  if (first?.parameters.get('pretty') === '1') return true
  const asked = query.get('pretty')
  if (asked) return yes.has(asked)
  return peoplesTools.test(headers.get('user-agent') ?? '')
}

/** The same answer with its JSON laid out as Go's MarshalIndent does; others stay as they are. */
export function indented(answer: ApiResponse): ApiResponse {
  const type = answer.headers.get('content-type') ?? ''
  if (type.split(';', 1)[0] !== jsonType) return answer
  return { ...answer, body: indentedBody(answer.body) }
}

function indentedBody(body: ApiBody): ApiBody {
  const indenter = new JsonIndenter()
  if (body.kind === 'whole')
    return { kind: 'whole', chunks: body.chunks.map((chunk) => indenter.push(chunk)) }
  return { kind: 'stream', chunks: indentedChunks(indenter, body.chunks) }
}

async function* indentedChunks(
  indenter: JsonIndenter,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield indenter.push(chunk)
}

const codes = {
  ...{ quote: 0x22, comma: 0x2c, colon: 0x3a, escape: 0x5c, space: 0x20 },
  ...{ openList: 0x5b, closeList: 0x5d, openObject: 0x7b, closeObject: 0x7d },
} as const
const gap = Buffer.from(' ')
const lineStarts: Buffer[] = []

/** One JSON text, in any cuts: only white space between its tokens changes. */
export class JsonIndenter {
  #depth = 0
  #inText = false
  #escaped = false
  /** A bracket was opened, and nothing is in it yet. */
  #opened = false

  push(bytes: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = []
    let start = 0
    const cut = (end: number, ...more: Uint8Array[]) => {
      parts.push(bytes.subarray(start, end), ...more)
      start = end
    }
    for (let at = 0; at < bytes.length; at += 1) {
      const code = bytes[at] ?? 0
      if (this.#inText) this.#withinText(code)
      else if (code <= codes.space) {
        cut(at)
        start = at + 1
      } else if (code === codes.comma) cut(at + 1, lineStart(this.#depth))
      else if (code === codes.colon) cut(at + 1, gap)
      else if (code === codes.closeObject || code === codes.closeList) {
        this.#depth -= 1
        if (!this.#opened) cut(at, lineStart(this.#depth))
        this.#opened = false
      } else {
        if (this.#opened) cut(at, lineStart(this.#depth))
        this.#opened = code === codes.openObject || code === codes.openList
        if (this.#opened) this.#depth += 1
        this.#inText = code === codes.quote
      }
    }
    cut(bytes.length)
    return Buffer.concat(parts)
  }

  #withinText(code: number): void {
    if (this.#escaped) this.#escaped = false
    else if (code === codes.escape) this.#escaped = true
    else if (code === codes.quote) this.#inText = false
  }
}

function lineStart(depth: number): Buffer {
  lineStarts[depth] ??= Buffer.from(`\n${'  '.repeat(depth)}`)
  return lineStarts[depth]
}
