import { type Definition, definition, type ValueType } from '../schema.ts'

const problemsMax = 100

/**
 * Unknown and duplicate fields of a JSON text that JSON.parse accepts, in document order, as
 * `unknown field "spec.foo"` and `duplicate field "spec.replicas"`. JSON.parse keeps only the last
 * of two equal keys, so the text itself is walked. Values of unknown fields are skipped.
 */
export function strictProblems(text: string, schema: Definition): string[] {
  const scan: Scan = { text, at: 0, found: new Set() }
  scanValue(scan, { is: 'object', definition: schema.name }, '')
  return [...scan.found].slice(0, problemsMax)
}

/**
 * The same of a custom resource: its metadata has the usual fields, of the rest only duplicates are
 * told here, as its own schema knows what is unknown.
 */
export function duplicateFields(text: string): string[] {
  const scan: Scan = { text, at: 0, found: new Set() }
  scanValue(scan, 'resource', '')
  const found = [...scan.found]
  // What occurs twice is told before what is unknown.
  const twice = found.filter((one) => one.startsWith('duplicate'))
  const unknown = found.filter((one) => !one.startsWith('duplicate'))
  return [...twice, ...unknown].slice(0, problemsMax)
}

/** `any`: keys must differ, whatever they are; `resource`: so too, around a metadata with a type. */
type ScanType = ValueType | 'any' | 'resource'

const metadataType: ValueType = {
  is: 'object',
  definition: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
}

interface Scan {
  readonly text: string
  at: number
  readonly found: Set<string>
}

/** Stands at a value and leaves right behind it. No type: nothing in it is checked. */
function scanValue(scan: Scan, type: ScanType | undefined, path: string): void {
  skipSpace(scan)
  const first = scan.text[scan.at]
  if (type === undefined || isScalar(type)) skipValue(scan)
  else if (first === '{') scanObject(scan, type, path)
  else if (first === '[') scanArray(scan, type, path)
  else skipValue(scan)
}

function isScalar(type: ScanType): boolean {
  return typeof type === 'object' && type.is === 'scalar'
}

/** Of what type a member is; undefined when nothing in it is checked. */
function memberType(type: ScanType, key: string): ScanType | undefined {
  if (type === 'any') return type
  if (type === 'resource') return key === 'metadata' ? metadataType : 'any'
  if (type.is === 'object') return definition(type.definition).byName.get(key)?.type
  return type.is === 'map' ? type.of : undefined
}

function scanObject(scan: Scan, type: ScanType, path: string): void {
  const isTyped = typeof type === 'object' && type.is === 'object'
  const seen = new Set<string>()
  scan.at++
  for (skipSpace(scan); scan.text[scan.at] !== '}'; skipSpace(scan)) {
    if (scan.text[scan.at] === ',') {
      scan.at++
      skipSpace(scan)
    }
    const key = readKey(scan)
    const keyPath = path === '' ? key : `${path}.${key}`
    skipSpace(scan)
    scan.at++
    const valueType = memberType(type, key)
    if (isTyped && !valueType) scan.found.add(`unknown field "${keyPath}"`)
    else if (seen.has(key)) scan.found.add(`duplicate field "${keyPath}"`)
    seen.add(key)
    scanValue(scan, valueType, keyPath)
  }
  scan.at++
}

function scanArray(scan: Scan, type: ScanType, path: string): void {
  const itemType = typeof type === 'string' ? 'any' : type.is === 'list' ? type.of : undefined
  scan.at++
  let index = 0
  for (skipSpace(scan); scan.text[scan.at] !== ']'; skipSpace(scan)) {
    if (scan.text[scan.at] === ',') scan.at++
    scanValue(scan, itemType, `${path}[${index++}]`)
  }
  scan.at++
}

function readKey(scan: Scan): string {
  const start = scan.at
  skipString(scan)
  return JSON.parse(scan.text.slice(start, scan.at)) as string
}

/** Skips a value of any shape without recursion: bodies may nest as deep as they are long. */
function skipValue(scan: Scan): void {
  let depth = 0
  do {
    skipSpace(scan)
    const first = scan.text[scan.at]
    if (first === '"') skipString(scan)
    else if (first === '{' || first === '[') {
      depth++
      scan.at++
    } else if (first === '}' || first === ']') {
      depth--
      scan.at++
    } else if (first === ',' || first === ':') scan.at++
    else skipWord(scan)
  } while (depth > 0)
}

function skipString(scan: Scan): void {
  const { text } = scan
  for (scan.at++; text[scan.at] !== '"'; scan.at++) if (text[scan.at] === '\\') scan.at++
  scan.at++
}

function skipWord(scan: Scan): void {
  while (scan.at < scan.text.length && !/[\s,:\]}]/.test(scan.text[scan.at] ?? '')) scan.at++
}

function skipSpace(scan: Scan): void {
  const { text } = scan
  for (let code = text.charCodeAt(scan.at); code === 32 || (code >= 9 && code <= 13); )
    code = text.charCodeAt(++scan.at)
}
