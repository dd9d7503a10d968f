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
  join(address: string, options: JoinFlags): Promise<number>
  tokenCreate(options: TokenCreateFlags): Promise<number>
  tokenList(options: DirectoryFlag & OutputFlag): Promise<number>
  tokenDelete(token: string, options: DirectoryFlag): Promise<number>
  demoFailover(options: DemoFlags): Promise<number>
  raftStatus(options: DirectoryFlag & OutputFlag): Promise<number>
  raftLog(name: string | undefined, options: RaftLogFlags): Promise<number>
  raftSnapshot(name: string | undefined, options: RaftDataFlags): Promise<number>
  raftTransferLeader(name: string, options: DirectoryFlag & OutputFlag): Promise<number>
  raftAdd(name: string, options: RaftAddFlags): Promise<number>
  raftRemove(name: string, options: DirectoryFlag & OutputFlag): Promise<number>
  raftRecover(names: readonly string[], options: RaftRecoverFlags): Promise<number>
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
  readonly etcdPort?: number
  readonly detach?: boolean
  readonly install: boolean
}
export interface MemberFlags {
  readonly config: string
  readonly name: string
  /** Of masters only. */
  readonly etcdPort?: number
}
export interface JoinFlags extends DirectoryFlag {
  readonly token: string
  readonly caHash: string
  readonly name?: string
  readonly address?: string
  readonly label?: readonly string[]
  readonly runtime?: 'docker' | 'sim'
  readonly install: boolean
}
export interface TokenCreateFlags extends DirectoryFlag, OutputFlag {
  /** Seconds. */
  readonly ttl: number
  readonly description?: string
}
export interface DemoFlags {
  readonly runtime?: 'auto' | 'docker' | 'sim'
  readonly rounds: number
  readonly json?: boolean
  readonly install: boolean
  readonly record?: string
}

export interface RaftDataFlags extends DirectoryFlag, OutputFlag {
  readonly memberDir?: string
}
export interface RaftLogFlags extends RaftDataFlags {
  readonly from?: number
  readonly limit: number
}
export interface RaftAddFlags extends DirectoryFlag, OutputFlag {
  readonly learner?: boolean
}
export interface RaftRecoverFlags extends DirectoryFlag, OutputFlag {
  readonly yes?: boolean
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
  addJoin(program, actions, exit)
  addRaft(program, actions, exit)
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
    .addOption(etcdPort('; the next masters take the next ports; 0 takes free ones'))
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
  for (const role of ['master', 'worker'] as const) {
    const command = program
      .command(role)
      .description(`run one ${role} in the foreground, for clusters of several hosts`)
      .requiredOption(
        '--config <file>',
        'cluster.json of a data directory that has this member in it',
      )
      .requiredOption('--name <name>', `which ${role} of the configuration to be`)
      .action(async (flags) => exit(await actions[role](flags)))
    if (role === 'master') command.addOption(etcdPort(', on the host of its API'))
  }
}

function addJoin(program: Command, actions: Actions, exit: (code: number) => void): void {
  program
    .command('join')
    .description('make this host a worker of a running cluster, in the foreground')
    .argument('<address>', 'host:port of the API of any master', address)
    .requiredOption('--token <token>', 'from `kijabi token create` on a host of the cluster', token)
    .requiredOption('--ca-hash <hash>', 'printed with the token; says which cluster is meant')
    .option('--name <name>', 'of the node (default: the host name)')
    .option(
      '--address <host:port>',
      'where masters reach this kubelet (default: port 10250)',
      address,
    )
    .option('--label <name=value...>', 'labels of the node')
    .addOption(
      new Option('--runtime <kind>', "where containers run (default: as the cluster's)").choices([
        ...['docker', 'sim'],
      ]),
    )
    .addOption(dataDir())
    .option('--no-install', 'never install packages')
    .action(async (to: string, flags) => exit(await actions.join(to, flags)))
  const tokens = program.command('token').description('tokens by which other hosts join as workers')
  tokens
    .command('create')
    .description('make a token, and print the command that joins with it')
    .option('--ttl <duration>', 'how long it is good for, as in 30m, 24h or 7d', seconds, 86_400)
    .option('--description <text>', 'what it is for')
    .addOption(dataDir())
    .addOption(output(['json']))
    .action(async (flags) => exit(await actions.tokenCreate(flags)))
  tokens
    .command('list')
    .description('which tokens there are, without their secrets')
    .addOption(dataDir())
    .addOption(output(['json']))
    .action(async (flags) => exit(await actions.tokenList(flags)))
  tokens
    .command('delete')
    .description('end a token; whoever has joined with it stays')
    .argument('<token>', 'the token, or its first six characters')
    .addOption(dataDir())
    .action(async (given: string, flags) => exit(await actions.tokenDelete(given, flags)))
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

function addRaft(program: Command, actions: Actions, exit: (code: number) => void): void {
  const raft = program
    .command('raft')
    .description('look at the replicated log of the masters, and mend what only a human may mend')
  const command = (name: string, description: string) =>
    raft
      .command(name)
      .description(description)
      .addOption(dataDir())
      .addOption(output(['json']))
  const memberDir = () =>
    new Option('--member-dir <directory>', "a master's own directory, without its cluster")
  command('status', 'every master: role, log, vote, and what damage it found').action(
    async (flags) => exit(await actions.raftStatus(flags)),
  )
  command('log', 'what a log holds, of a running or a stopped master (exit 1 if damaged)')
    .argument('[master]')
    .addOption(memberDir())
    .option('--from <index>', 'first entry to show', count(1, Number.MAX_SAFE_INTEGER))
    .option('--limit <count>', 'how many entries to show', count(0, 1_000_000), 20)
    .action(async (name, flags) => exit(await actions.raftLog(name, flags)))
  command('snapshot', 'the snapshots of a master, each read and checked (exit 1 if damaged)')
    .argument('[master]')
    .addOption(memberDir())
    .action(async (name, flags) => exit(await actions.raftSnapshot(name, flags)))
  command('transfer-leader', 'hand leadership to a master')
    .argument('<master>')
    .action(async (name, flags) => exit(await actions.raftTransferLeader(name, flags)))
  command('add', 'take a master in: as a learner first, as a voter when it has caught up')
    .argument('<master>')
    .option('--learner', 'leave it a learner')
    .action(async (name, flags) => exit(await actions.raftAdd(name, flags)))
  command('remove', 'take a master out of the cluster')
    .argument('<master>')
    .action(async (name, flags) => exit(await actions.raftRemove(name, flags)))
  command('recover', 'after the loss of a majority: begin anew with what the survivors hold')
    .argument('<survivors...>')
    .option('--yes', 'do it: what only the lost masters hold is given up')
    .addHelpText(
      'after',
      '\nThe newest log of the survivors becomes a cluster of one, under a new identity. The other\n' +
        'masters are refused until they rejoin empty.\n\nExample:\n  kijabi raft recover m2 --yes',
    )
    .action(async (names, flags) => exit(await actions.raftRecover(names, flags)))
}

function runtime(): Option {
  return new Option(
    '--runtime <kind>',
    'where containers run; auto takes Docker if it can be had',
  ).choices(['auto', 'docker', 'sim'])
}

function etcdPort(more: string): Option {
  return new Option(
    '--etcd-port <port>',
    `also speak etcd's v3 API, on this port${more}`,
  ).argParser(count(0, 65535))
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

function address(text: string): string {
  const given = text.replace(/^https:\/\//, '').replace(/\/$/, '')
  if (/^(\[[0-9a-f:]+\]|[^:/\s]+):[1-9]\d{0,4}$/.test(given)) return given
  throw new InvalidArgumentError('use HOST:PORT, as in 10.0.0.1:6443.')
}

function token(text: string): string {
  if (/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(text)) return text
  throw new InvalidArgumentError('a token is six characters, a dot and sixteen more.')
}

const unitSeconds: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
  ['d', 86_400],
])

function seconds(text: string): number {
  const [, number = '', unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? []
  const of = unitSeconds.get(unit)
  if (of !== undefined) return Number(number) * of
  throw new InvalidArgumentError('use a number and a unit, as in 30m, 24h or 7d.')
}
