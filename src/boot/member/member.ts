import { dirname } from 'node:path'
import { type Logger, stderrLogger } from '../../base/log.ts'
import { Scope } from '../../base/scope.ts'
import type { MemberFlags } from '../../cli/program.ts'
import type { KeyPair } from '../config/certificates.ts'
import {
  ClusterDirectory,
  type ResolvedCluster,
  readResolvedCluster,
} from '../config/cluster-directory.ts'
import { ConfigError } from '../config/config-error.ts'
import { endOnCrash, endOnSignals } from '../shutdown.ts'

/** What every member process has before it does anything of its own. */
export interface MemberProcess {
  readonly name: string
  readonly cluster: ResolvedCluster
  readonly directory: ClusterDirectory
  readonly logger: Logger
  /** Closes on SIGTERM and SIGINT, newest part first. */
  readonly scope: Scope
  /** PEM of the cluster's authority. */
  readonly authority: string
}

/** Notice to clients, requests under way twice, a hand-over of leadership. */
const stopGraceMs = 15_000

/**
 * Reads the resolved cluster, whose directory holds everything else (copied to another host, it works
 * there), and makes this process end in order on signals, at once on a bug.
 */
export function startMember(flags: MemberFlags): MemberProcess {
  const cluster = readResolvedCluster(flags.config)
  const directory = new ClusterDirectory(dirname(flags.config))
  const logger = stderrLogger(cluster.logLevel, { member: flags.name })
  const scope = new Scope()
  endOnCrash(logger)
  endOnSignals(scope, logger, stopGraceMs)
  const authority = directory.readCertificate('ca')
  if (authority === undefined) throw missing(directory, 'ca')
  return { name: flags.name, cluster, directory, logger, scope, authority }
}

/** The member of that name. Throws ConfigError with the names that there are. */
export function memberNamed<T extends { readonly name: string }>(
  members: readonly T[],
  flags: MemberFlags,
  role: string,
): T {
  const found = members.find((one) => one.name === flags.name)
  if (found) return found
  throw new ConfigError(
    `${flags.config} has no ${role} named ${flags.name}`,
    `use one of: ${members.map((one) => one.name).join(', ')}`,
  )
}

/** A key pair of the data directory. Throws ConfigError when it is not there. */
export function identityOf(directory: ClusterDirectory, file: string): KeyPair {
  const pair = directory.readPair(file)
  if (!pair) throw missing(directory, file)
  return pair
}

function missing(directory: ClusterDirectory, file: string): ConfigError {
  return new ConfigError(
    `${directory.path('pki')} has no certificate ${file}.crt with its key`,
    'run `kijabi up` once: it makes the certificates of every member',
  )
}
