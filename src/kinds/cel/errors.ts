/** An expression that cannot be compiled. `message` has the form of cel-go's: place, line and caret. */
export class CelCompileError extends Error {
  override readonly name: string = 'CelCompileError'
}

/** An expression whose constants cannot be what they are converted to. */
export class CelInstantiationError extends CelCompileError {
  override readonly name = 'CelInstantiationError'
}

/** An expression that failed on its input, such as a missing key or a division by zero. */
export class CelRuntimeError extends Error {
  override readonly name = 'CelRuntimeError'
}

/** An expression that cost more than it may. Nothing catches it on the way. */
export class CelCostError extends Error {
  override readonly name = 'CelCostError'
}

export interface Problem {
  readonly at: number
  readonly text: string
}

const lineShownMax = 400

/** Problems as cel-go prints them: `ERROR: <input>:1:5: …`, the line, and a caret below it. */
export function compileError(source: string, problems: readonly Problem[]): CelCompileError {
  const sorted = [...problems].sort((left, right) => left.at - right.at)
  return new CelCompileError(sorted.map((problem) => printed(source, problem)).join('\n'))
}

function printed(source: string, { at, text }: Problem): string {
  const before = source.slice(0, at)
  const lineStart = before.lastIndexOf('\n') + 1
  const row = before.split('\n').length
  const column = at - lineStart
  const lineEnd = source.indexOf('\n', at)
  const line = source.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).slice(0, lineShownMax)
  const dots = dotsUnder(line.slice(0, column))
  return `ERROR: <input>:${row}:${[...before.slice(lineStart)].length + 1}: ${text}\n | ${line}\n | ${dots}^`
}

/** A dot a character; characters that are wide have wide ones. */
function dotsUnder(text: string): string {
  return [...text].map((one) => (one.length > 1 || one.charCodeAt(0) > 127 ? '．' : '.')).join('')
}
