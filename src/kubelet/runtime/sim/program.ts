/**
 * What a simulated container does, read from its command line. A few commands of a shell are
 * understood; anything else is taken for a server that runs until it is stopped.
 */
export type Step =
  | { readonly do: 'print'; readonly text: string; readonly stream: 'stdout' | 'stderr' }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'exit'; readonly code: number }
  /** Stands for a program of its own: goes on until a signal ends it. */
  | { readonly do: 'serve' }
  /** Copies standard input to standard output until its end. */
  | { readonly do: 'copy' }
  | { readonly do: 'loop'; readonly body: readonly Step[] }

export interface Program {
  readonly steps: readonly Step[]
  /** True when it has `trap '' TERM`: only SIGKILL ends it. */
  readonly ignoresTerm: boolean
}

export interface Surroundings {
  readonly env: ReadonlyMap<string, string>
  readonly hostname: string
}

const notFound = 127

/** The program of a whole command line; an empty one is a server. */
export function containerProgram(argv: readonly string[], around: Surroundings): Program {
  if (argv.length === 0) return { steps: [{ do: 'serve' }], ignoresTerm: false }
  return readCommand(argv, around, () => [{ do: 'serve' }])
}

/** The program of an exec: an unknown command fails as a missing file does. */
export function execProgram(argv: readonly string[], around: Surroundings): Program {
  return readCommand(argv, around, (name) => [
    { do: 'print', stream: 'stderr', text: `${name}: not found\n` },
    { do: 'exit', code: notFound },
  ])
}

type Unknown = (name: string) => readonly Step[]

function readCommand(argv: readonly string[], around: Surroundings, unknown: Unknown): Program {
  const shell = /(^|\/)(sh|bash|ash)$/.test(argv[0] ?? '')
  if (!shell || argv[1] !== '-c')
    return { steps: simple(argv, around, unknown), ignoresTerm: false }
  const script = argv[2] ?? ''
  return {
    steps: parse(script, around, unknown),
    ignoresTerm: /\btrap\s+(''|"")\s+.*\b(SIG)?TERM\b/.test(script),
  }
}

function parse(script: string, around: Surroundings, unknown: Unknown): Step[] {
  const loop = /^([\s\S]*?)\bwhile\s+(?:true|:)\s*;\s*do\b([\s\S]*)\bdone\b([\s\S]*)$/.exec(script)
  if (loop)
    return [
      ...parse(loop[1] ?? '', around, unknown),
      { do: 'loop', body: parse(loop[2] ?? '', around, unknown) },
    ]
  const steps: Step[] = []
  for (const command of split(script)) {
    const words = wordsOf(command, around.env)
    if (words.length > 0) steps.push(...simple(words, around, unknown))
    if (steps.some((step) => step.do === 'exit' || step.do === 'serve')) break
  }
  return steps
}

function simple(argv: readonly string[], around: Surroundings, unknown: Unknown): readonly Step[] {
  const rest = redirected(argv)
  const stream = argv.some((word) => word === '1>&2' || word === '>&2') ? 'stderr' : 'stdout'
  const print = (text: string): Step => ({ do: 'print', stream, text })
  const name = (rest[0] ?? '').replace(/^.*\//, '')
  switch (name) {
    case 'true':
    case ':':
    case 'trap':
    case 'set':
    case 'touch':
      return []
    case 'false':
      return [{ do: 'exit', code: 1 }]
    case 'exit':
      return [{ do: 'exit', code: Number(rest[1] ?? 0) & 0xff }]
    case 'sleep':
      return [{ do: 'sleep', ms: secondsOf(rest[1]) * 1000 }]
    case 'echo': {
      const bare = rest[1] === '-n'
      return [print(rest.slice(bare ? 2 : 1).join(' ') + (bare ? '' : '\n'))]
    }
    case 'printf':
      return [print((rest[1] ?? '').replaceAll('\\n', '\n').replaceAll('%s', rest[2] ?? ''))]
    case 'env':
      return [print([...around.env].map(([key, value]) => `${key}=${value}\n`).join(''))]
    case 'hostname':
      return [print(`${around.hostname}\n`)]
    case 'cat':
      return cat(rest[1], around)
    case 'exec':
      return simple(rest.slice(1), around, unknown)
    default:
      return unknown(rest[0] ?? '')
  }
}

function cat(path: string | undefined, around: Surroundings): readonly Step[] {
  if (path === undefined || path === '-') return [{ do: 'copy' }]
  if (path === '/etc/hostname')
    return [{ do: 'print', stream: 'stdout', text: `${around.hostname}\n` }]
  const text = `cat: can't open '${path}': No such file or directory\n`
  return [
    { do: 'print', stream: 'stderr', text },
    { do: 'exit', code: 1 },
  ]
}

function redirected(argv: readonly string[]): string[] {
  const end = argv.findIndex((word) => /^[12]?>/.test(word))
  return end < 0 ? [...argv] : argv.slice(0, end)
}

function secondsOf(text: string | undefined): number {
  if (text === 'infinity') return 2 ** 31 / 1000
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text ?? '')
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[match?.[2] || 's'] ?? 1
  return Number(match?.[1] ?? 0) * unit
}

/** Commands of a script, apart at `;`, `&&` and newlines outside quotes. */
function split(script: string): string[] {
  const commands = ['']
  let quote = ''
  for (let at = 0; at < script.length; at += 1) {
    const char = script[at] ?? ''
    if (quote === '' && (char === ';' || char === '\n' || script.startsWith('&&', at))) {
      if (char === '&') at += 1
      commands.push('')
      continue
    }
    if (quote === char) quote = ''
    else if (quote === '' && (char === "'" || char === '"')) quote = char
    commands[commands.length - 1] += char
  }
  return commands.map((command) => command.trim()).filter((command) => command !== '')
}

/** Words of a command; quotes are taken off and variables put in, except in single quotes. */
function wordsOf(command: string, env: ReadonlyMap<string, string>): string[] {
  const words: string[] = []
  const pattern = /(?:'[^']*'|"[^"]*"|[^\s'"])+/g
  for (const [word] of command.matchAll(pattern))
    words.push(
      word.replace(/'([^']*)'|"([^"]*)"|([^'"]+)/g, (_, single, double, plain) =>
        single === undefined ? expand(double ?? plain ?? '', env) : single,
      ),
    )
  return words
}

function expand(text: string, env: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (_, braced, plain) => env.get(braced ?? plain) ?? '',
  )
}
