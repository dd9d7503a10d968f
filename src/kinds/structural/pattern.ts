import { RE2JS } from 're2js'

/** Patterns come in Go's syntax and must take linear time, so RE2 and not the engine's own. */

const patternsKeptMax = 1_024
const compiled = new Map<string, RE2JS>()

/** Throws Error for what is no pattern. The last thousand are kept. */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern)
  if (known) return known
  const made = RE2JS.compile(pattern)
  if (compiled.size >= patternsKeptMax) {
    const oldest = compiled.keys().next()
    if (!oldest.done) compiled.delete(oldest.value)
  }
  compiled.set(pattern, made)
  return made
}

/** True when the pattern is found anywhere in the text. */
export function findsPattern(pattern: string, text: string): boolean {
  return compilePattern(pattern).matcher(text).find()
}

/** What is wrong with a pattern; undefined for a good one. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compilePattern(pattern)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
