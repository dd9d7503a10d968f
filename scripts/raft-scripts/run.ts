import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConfChangeScript } from './conf-change-scripts.ts'
import { InteractionScript } from './interaction-scripts.ts'
import { parseScript, type ScriptCase } from './parse.ts'
import { runQuorumCase } from './quorum-scripts.ts'

export interface ScriptResult {
  readonly file: string
  readonly passed: number
  readonly failures: readonly ScriptFailure[]
}

export interface ScriptFailure {
  /** Of the command in the script, from 1 on. */
  readonly line: number
  readonly command: string
  readonly expected: string
  readonly actual: string
}

/** Every script (*.txt) in a folder and below it, by name; or the one file. */
export function findScripts(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.txt'))
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile())
    .sort()
}

export function runScript(file: string): ScriptResult {
  return { file, ...runScriptText(readFileSync(file, 'utf8')) }
}

/** Replays a script. A text that cannot be read, or has no case, counts as one failure. */
export function runScriptText(text: string): Omit<ScriptResult, 'file'> {
  let cases: readonly ScriptCase[]
  try {
    cases = parseScript(text)
    if (cases.length === 0) throw new Error('the script has no case')
  } catch (error) {
    const actual = String(error)
    return { passed: 0, failures: [{ line: 1, command: 'parse', expected: '', actual }] }
  }
  const run = interpreter(cases)
  const failures: ScriptFailure[] = []
  for (const one of cases) {
    const expected = comparable(one.expected)
    const actual = comparable(attempt(run, one))
    if (actual !== expected)
      failures.push({ line: one.line, command: one.command, expected, actual })
  }
  return { passed: cases.length - failures.length, failures }
}

/** A command that throws has failed, whatever the script expects; the next ones are still tried. */
function attempt(run: (one: ScriptCase) => string, one: ScriptCase): string {
  try {
    return run(one)
  } catch (error) {
    return `failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  }
}

/** Which of the three languages a script speaks shows in its first command. */
function interpreter(cases: readonly ScriptCase[]): (one: ScriptCase) => string {
  const first = cases[0]?.command ?? ''
  if (['committed', 'vote'].includes(first)) return runQuorumCase
  if (['simple', 'enter-joint', 'leave-joint'].includes(first)) {
    const script = new ConfChangeScript()
    return (one) => script.run(one)
  }
  const script = new InteractionScript()
  return (one) => script.run(one)
}

/** Without log lines, which are no behaviour. A command that printed nothing else says `ok`. */
function comparable(text: string): string {
  const lines = text.split('\n').filter((line) => !/^\s*(DEBUG|INFO|WARN|ERROR|FATAL) /.test(line))
  const kept = lines.join('\n').replace(/\n+$/, '')
  return kept === '' ? 'ok' : kept
}
