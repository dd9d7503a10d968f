import { CommanderError } from 'commander'
import { type Actions, createProgram } from '../cli/program.ts'

/**
 * The executable. Each action loads its module when it runs, so `--help`, completion and a refused
 * flag cost nothing but the command parser.
 */
const actions: Actions = {
  up: async (flags) => (await import('./up.ts')).up(flags),
  down: async (flags) => (await import('./down.ts')).down(flags),
  status: async (flags) => (await import('./status.ts')).status(flags),
  master: async (flags) => (await import('./member/master.ts')).runMaster(flags),
  worker: async (flags) => (await import('./member/worker.ts')).runWorker(flags),
  join: async (address, flags) => (await import('./join/join.ts')).join(address, flags),
  tokenCreate: async (flags) => (await import('./join/token.ts')).tokenCreate(flags),
  tokenList: async (flags) => (await import('./join/token.ts')).tokenList(flags),
  tokenDelete: async (token, flags) => (await import('./join/token.ts')).tokenDelete(token, flags),
  demoFailover: async (flags) => (await import('./demo/failover.ts')).demoFailover(flags),
  raftStatus: async (flags) => (await import('./raft/online.ts')).raftStatus(flags),
  raftTransferLeader: async (name, flags) =>
    (await import('./raft/online.ts')).raftTransferLeader(name, flags),
  raftAdd: async (name, flags) => (await import('./raft/online.ts')).raftAdd(name, flags),
  raftRemove: async (name, flags) => (await import('./raft/online.ts')).raftRemove(name, flags),
  raftLog: async (name, flags) => (await import('./raft/offline.ts')).raftLog(name, flags),
  raftSnapshot: async (name, flags) =>
    (await import('./raft/offline.ts')).raftSnapshot(name, flags),
  raftRecover: async (names, flags) =>
    (await import('./raft/recover.ts')).raftRecover(names, flags),
  completion: async (shell, program) => {
    const { completionScript } = await import('../cli/completion.ts')
    process.stdout.write(completionScript(shell, program))
    return 0
  },
  version: async (flags) => {
    const { kubernetesVersion, programVersion } = await import('./version.ts')
    const versions = { kijabi: programVersion(), kubernetes: kubernetesVersion }
    process.stdout.write(
      flags.output === 'json'
        ? `${JSON.stringify(versions)}\n`
        : `kijabi ${versions.kijabi} (serves Kubernetes ${versions.kubernetes})\n`,
    )
    return 0
  },
}

const program = createProgram(actions, (code) => {
  process.exitCode = code
})

try {
  await program.parseAsync(process.argv)
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  // What a failed start left open must not keep the process alive.
  else process.exit((await import('./shutdown.ts')).reportFailure(error))
}
