import type { Command } from 'commander'

/** A completion script made from the commands themselves, so that it never lags behind them. */
export function completionScript(shell: string, program: Command): string {
  const words = new Map<string, string[]>()
  collect(program, '', words)
  const cases = [...words]
    .map(([path, choices]) => `    '${path}') words='${choices.join(' ')}' ;;`)
    .join('\n')
  const body = [
    '_kijabi() {',
    '  local path="" word words=""',
    '  local current="${COMP_WORDS[COMP_CWORD]}"',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    case "$word" in -*) ;; *) path="${path:+$path }$word" ;; esac',
    '  done',
    '  case "$path" in',
    cases,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -o default -F _kijabi kijabi ./kijabi',
    '',
  ].join('\n')
  if (shell === 'bash') return body
  return `autoload -U +X bashcompinit && bashcompinit\n${body}`
}

function collect(command: Command, path: string, words: Map<string, string[]>): void {
  const children = command.commands.map((child) => child.name())
  const flags = command.options.flatMap((option) => (option.long ? [option.long] : []))
  words.set(path, [...children, ...flags, '--help'])
  for (const child of command.commands)
    collect(child, path === '' ? child.name() : `${path} ${child.name()}`, words)
}
