import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { UpFlags } from '../cli/program.ts'
import { ClusterDirectory } from './config/cluster-directory.ts'
import { type ClusterConfig, parseConfig, readConfig } from './config/config.ts'
import { ConfigError } from './config/config-error.ts'
import { exitCodes } from './shutdown.ts'
import type { Boot } from './supervise.ts'

/** What a detached supervisor tells the terminal that started it. */
type Report =
  | { readonly kind: 'progress'; readonly line: string }
  | { readonly kind: 'ready'; readonly lines: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string; readonly nextStep: string }

/** Set for the supervisor that `up -d` leaves behind. */
const detachedMark = 'KIJABI_DETACHED'

/** `kijabi up`: boots the whole cluster of this host and stays until it is told to stop. */
export async function up(flags: UpFlags): Promise<number> {
  if (process.env[detachedMark] === '1') return superviseDetached(flags)
  if (flags.detach) return startDetached(flags)
  const { boot, untilStopped } = await bootFrom(flags, (line) => process.stderr.write(`${line}\n`))
  process.stdout.write(`${readyLines(boot, 'Ctrl-C').join('\n')}\n`)
  return untilStopped()
}

/** Reads the configuration that the flags name, or the one of this directory, or the defaults. */
export function configOf(file: string | undefined): ClusterConfig {
  if (file !== undefined) return readConfig(file)
  const usual = 'cluster.config.json'
  return existsSync(usual) ? readConfig(usual) : parseConfig('{}', 'the defaults')
}

async function bootFrom(flags: UpFlags, say: (line: string) => void) {
  const config = configOf(flags.file)
  const directory = new ClusterDirectory(flags.dataDir ?? config.dataDirectory)
  const { supervise } = await import('./supervise.ts')
  return supervise({ directory, config, flags, say })
}

/** The four lines that end a boot. */
function readyLines(boot: Boot, stop: string): string[] {
  const { cluster, directory } = boot
  const usual = directory.root === new ClusterDirectory('.kijabi').root
  const where = usual ? '' : ` --data-dir ${directory.root}`
  return [
    `API         https://${cluster.apiAddress}  (${cluster.masters.length} masters, ` +
      `${cluster.workers.length} workers on ${cluster.runtime})`,
    `kubeconfig  export KUBECONFIG=${directory.kubeconfigFile}`,
    ...etcdLines(boot),
    `try         kubectl get nodes; kubectl apply -f examples/web.yaml; ./kijabi status${where}`,
    `stop        ${stop === 'Ctrl-C' ? 'Ctrl-C' : `./kijabi down${where}`}`,
  ]
}

/** How to reach the etcd listener, if it is on: the administrator's certificate opens it. */
function etcdLines({ cluster, directory }: Boot): string[] {
  const endpoints = cluster.masters.flatMap(({ etcdAddress }) => etcdAddress ?? [])
  if (endpoints.length === 0) return []
  const pki = (file: string) => directory.path('pki', file)
  return [
    `etcd        etcdctl --endpoints=${endpoints.join(',')} --cacert=${pki('ca.crt')} ` +
      `--cert=${pki('admin.crt')} --key=${pki('admin.key')} endpoint status`,
  ]
}

/** Starts the supervisor in a session of its own, shows its progress, and returns when it is ready. */
function startDetached(flags: UpFlags): Promise<number> {
  const config = configOf(flags.file)
  const directory = new ClusterDirectory(flags.dataDir ?? config.dataDirectory)
  directory.make()
  const log = openSync(directory.path('logs', 'supervisor.log'), 'a')
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', join(import.meta.dirname, 'main.js'), ...process.argv.slice(2)],
    {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, [detachedMark]: '1' },
    },
  )
  closeSync(log)
  return new Promise((done, fail) => {
    const leave = (code: number) => {
      if (child.connected) child.disconnect()
      child.unref()
      done(code)
    }
    child.on('message', (message) => {
      const report = message as Report
      if (report.kind === 'progress') process.stderr.write(`${report.line}\n`)
      if (report.kind === 'failed') fail(new ConfigError(report.message, report.nextStep))
      if (report.kind === 'ready') {
        process.stdout.write(`${report.lines.join('\n')}\n`)
        leave(0)
      }
    })
    child.once('error', fail)
    child.once('exit', (code, signal) =>
      fail(
        new ConfigError(
          `the supervisor ended with ${signal ?? `code ${code}`}`,
          `read ${directory.path('logs', 'supervisor.log')}`,
        ),
      ),
    )
  })
}

async function superviseDetached(flags: UpFlags): Promise<number> {
  const report = (message: Report) => {
    // The terminal may be gone already; the log file has the same lines.
    if (process.connected) process.send?.(message)
  }
  try {
    const { boot, untilStopped } = await bootFrom(flags, (line) => {
      process.stderr.write(`${line}\n`)
      report({ kind: 'progress', line })
    })
    report({ kind: 'ready', lines: readyLines(boot, 'down') })
    if (process.connected) process.disconnect()
    return await untilStopped()
  } catch (error) {
    const known = error instanceof ConfigError
    const message = error instanceof Error ? error.message : String(error)
    const nextStep = known ? error.nextStep : 'read logs/supervisor.log in the data directory'
    process.stderr.write(`error: ${known ? message : ((error as Error).stack ?? message)}\n`)
    report({ kind: 'failed', message, nextStep })
    return exitCodes.configuration
  }
}
