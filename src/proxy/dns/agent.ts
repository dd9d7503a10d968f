import { Resolver } from 'node:dns'
import { type Clock, delay } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { Scope } from '../../base/scope.ts'
import { createInformerFactory } from '../../client/reflector.ts'
import { paths } from '../../client/resources.ts'
import type { Client } from '../../client/typed.ts'
import type { EndpointSlice, Service } from '../../kinds/types.ts'
import { serviceKeyOfSlice } from '../rules.ts'
import { answerMessage } from './answer.ts'
import { createUpstream } from './forward.ts'
import { listenForQueries } from './server.ts'
import type { Directory } from './zone.ts'

export interface ClusterNamesOptions {
  /** Where pods reach this host; port 53 of it is asked. */
  readonly host: string
  readonly port?: number
  /** Such as `cluster.local`. */
  readonly zone: string
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Name servers for all other names; those of this host without it. */
  readonly upstreams?: readonly string[]
}

/** Another worker of this host may hold the address: when it ends, this one takes over. */
const takeOverMs = 500
export const namesPort = 53

/**
 * Answers questions for the cluster's names at `host` until the scope closes: one worker of a host does,
 * the others wait for the address to be free. The copies of Services and EndpointSlices are made by who
 * has the address alone, and questions wait for the first ones.
 */
export function serveClusterNames(options: ClusterNamesOptions, scope: Scope): void {
  const { clock, logger, host } = options
  const serving = (async () => {
    while (!scope.closed) {
      const own = new Scope()
      try {
        const answering = prepareAnswers(options, own)
        const server = await listenForQueries({
          ...{ host, port: options.port ?? namesPort, clock, logger },
          answer: answering.answer,
        })
        answering.start()
        scope.onClose('names of the cluster', async () => {
          await server.close()
          await own.close()
        })
        return
      } catch (error) {
        await own.close()
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
          logger.debug({ error: String(error), host }, 'names are not answered yet')
        await delay(clock, takeOverMs, scope.signal).catch(() => {})
      }
    }
  })()
  scope.onClose('offer of names', () => serving)
}

function prepareAnswers(options: ClusterNamesOptions, scope: Scope) {
  const { client, clock, host, zone } = options
  const informers = createInformerFactory(client, options)
  const services = informers.informer<Service>(paths.services, {
    indexes: {
      address: ({ spec }) => spec?.clusterIPs ?? [],
      namespace: ({ metadata }) => [metadata.namespace ?? ''],
    },
  })
  const slices = informers.informer<EndpointSlice>(paths.endpointSlices, {
    indexes: {
      service: (slice) => [serviceKeyOfSlice(slice) ?? ''],
      address: ({ endpoints = [] }) => endpoints.flatMap(({ addresses }) => addresses),
    },
  })
  const directory: Directory = {
    service: (key) => services.get(key),
    slices: (key) => slices.indexed('service', key),
    hasServices: (namespace) => services.indexed('namespace', namespace).length > 0,
    servicesAt: (address) => services.indexed('address', address),
    slicesAt: (address) => slices.indexed('address', address),
  }
  const servers = options.upstreams ?? new Resolver().getServers()
  const upstream = createUpstream(
    servers.filter((server) => server !== host),
    clock,
  )
  return {
    start: () => informers.start(scope),
    answer: async (message: Buffer, by: 'udp' | 'tcp') => {
      await informers.synced()
      return answerMessage(message, by, { zone, directory, upstream })
    },
  }
}
