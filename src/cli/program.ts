import { Command, InvalidArgumentError, Option } from 'commander'

/**
 * The command line: names, flags and help. What a command does is handed in as `actions` and loaded only
 * when it runs, so that `--help` and completion stay fast. Conventions follow kubectl: results on
 * stdout, everything else on stderr, exit code 0 or 1 (78 for a configuration that cannot work).
 */
export interface Actions {
  up(options: UpFlags): Promise<number>
  down(options: DirectoryFlag): Promise<number>
  status(options: DirectoryFlag & OutputFlag): Promise<number>
  master(options: MemberFlags): Promise<number>
  worker(options: MemberFlags): Promise<number>
  demoFailover(options: DemoFlags): Promise<number>
  completion(shell: string, program: Command): Promise<number>
  version(options: OutputFlag): Promise<number>
}

export interface DirectoryFlag {
  readonly dataDir?: string
}
export interface OutputFlag {
  readonly output?: 'json' | 'wide'
}
export interface UpFlags extends DirectoryFlag {
  readonly file?: string
  readonly masters?: number
  readonly workers?: number
  readonly runtime?: 'auto' | 'docker' | 'sim'
  readonly apiPort?: number
  readonly detach?: boolean
  readonly install: boolean
}
export interface MemberFlags {
  readonly config: string
  readonly name: string
}
export interface DemoFlags {
  readonly runtime?: 'auto' | 'docker' | 'sim'
  readonly rounds: number
  readonly json?: boolean
  readonly install: boolean
  readonly record?: string
}

export function createProgram(actions: Actions, exit: (code: number) => void): Command {
  const program = new Command('kijabi')
    .description(
      'A highly available, Kubernetes-compatible control plane: masters that replicate their store\n' +
        'through Raft, workers on Docker, one command to boot.',
    )
    .showHelpAfterError('(run the command with --help for its usage)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  addCluster(program, actions, exit)
  addMembers(program, actions, exit)
  addDemo(program, actions, exit)
  program
    .command('version')
    .description('print the version of kijabi and of the Kubernetes API that it serves')
    .addOption(output(['json']))
    .action(async (flags) => exit(await actions.version(flags)))
  program
    .command('completion')
    .description('print a completion script')
    .argument('<shell>', 'bash or zsh', oneOf('bash', 'zsh'))
    .addHelpText('after', '\nExample:\n  source <(kijabi completion bash)')
    .action(async (shell: string) => exit(await actions.completion(shell, program)))
  return program
}

function addCluster(program: Command, actions: Actions, exit: (code: number) => void): void {
  program
    .command('up')
    .description('boot a whole cluster on this host; again on the same data directory to resume it')
    .option(
      '-f, --file <file>',
      'cluster configuration (default: cluster.config.json if there is one)',
    )
    .option('--masters <count>', 'masters, 1 to 9; an odd number is wise', count(1, 9))
    .option('--workers <count>', 'workers, 0 to 100', count(0, 100))
    .addOption(runtime())
    .addOption(dataDir())
    .option(
      '--api-port <port>',
      'port of the API on 127.0.0.1; 0 takes a free one',
      count(0, 65535),
    )
    .option('-d, --detach', 'return when the API answers and the nodes are Ready')
    .option('--no-install', 'never install packages')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  kijabi up -d                       # 3 masters, 2 workers, in the background\n' +
        '  kijabi up --masters 1 --workers 1  # the smallest cluster, until Ctrl-C\n' +
        '  kijabi up -d --runtime sim         # simulated containers: no Docker, no root',
    )
    .action(async (flags) => exit(await actions.up(flags)))
  program
    .command('down')
    .description('stop a cluster of this host; its data stays for the next up')
    .addOption(dataDir())
    .action(async (flags) => exit(await actions.down(flags)))
  program
    .command('status')
    .description('who leads, how far each member is, which nodes are ready')
    .addOption(dataDir())
    .addOption(output(['json', 'wide']))
    .action(async (flags) => exit(await actions.status(flags)))
}

function addMembers(program: Command, actions: Actions, exit: (code: number) => void): void {
  for (const role of ['master', 'worker'] as const)
    program
      .command(role)
      .description(`run one ${role} in the foreground, for clusters of several hosts`)
      .requiredOption(
        '--config <file>',
        'cluster.json of a data directory that has this member in it',
      )
      .requiredOption('--name <name>', `which ${role} of the configuration to be`)
      .action(async (flags) => exit(await actions[role](flags)))
}

function addDemo(program: Command, actions: Actions, exit: (code: number) => void): void {
  const demo = program.command('demo').description('watch the cluster survive')
  demo
    .command('failover')
    .description(
      'kill the leader, then a worker, under load; count what was lost (exit 1 if anything)',
    )
    .addOption(runtime())
    .option('--rounds <count>', 'how many leaders to kill', count(1, 100), 1)
    .option('--json', 'end with one JSON object on stdout; the story goes to stderr')
    .option('--record <file>', 'where the flight record (NDJSON) goes')
    .option('--no-install', 'never install packages')
    .addHelpText('after', '\nExample:\n  kijabi demo failover --rounds 3')
    .action(async (flags) => exit(await actions.demoFailover(flags)))
}

function runtime(): Option {
  return new Option(
    '--runtime <kind>',
    'where containers run; auto takes Docker if it can be had',
  ).choices(['auto', 'docker', 'sim'])
}

function dataDir(): Option {
  return new Option(
    '--data-dir <directory>',
    'where the cluster keeps everything (default: .kijabi)',
  )
}

function output(choices: string[]): Option {
  return new Option('-o, --output <format>', 'output format').choices(choices)
}

function count(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= low && value <= high) return value
    throw new InvalidArgumentError(`use a whole number from ${low} to ${high}.`)
  }
}

function oneOf(...allowed: string[]): (text: string) => string {
  return (text) => {
    if (allowed.includes(text)) return text
    throw new InvalidArgumentError(`use one of: ${allowed.join(', ')}.`)
  }
}
