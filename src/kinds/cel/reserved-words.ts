/**
 * Words that are no identifiers in CEL: those of its own syntax, and those that are kept for languages
 * it is embedded in (cel-spec doc/langdef.md, Syntax).
 */
export const reservedWords: ReadonlySet<string> = new Set([
  ...['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'in'],
  ...['let', 'loop', 'namespace', 'package', 'return', 'var', 'void', 'while'],
])
