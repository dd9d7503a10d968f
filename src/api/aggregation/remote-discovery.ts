import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { DiscoveredResource, GroupVersion } from '../discovery/resources.ts'
import type { RemoteService } from './api-services.ts'
import { Remembered } from './remembered.ts'

/** GET of a path of that server. */
export type AskRemote = (
  service: RemoteService,
  path: string,
  accept: string,
) => Promise<{ readonly status: number; readonly response: IncomingMessage }>

interface Known {
  readonly resources: readonly DiscoveredResource[]
  readonly askedMs: number
  readonly isStale: boolean
}

/**
 * What API servers behind Services say they serve, remembered for a while (kube-aggregator
 * pkg/apiserver/handler_discovery.go). One that does not answer is shown as it last was, as stale.
 */
export class RemoteDiscovery {
  readonly #ask: AskRemote
  readonly #known: Remembered<Known>
  #merged:
    | {
        readonly own: readonly GroupVersion[]
        readonly remote: readonly Known[]
        readonly result: readonly GroupVersion[]
      }
    | undefined

  constructor(clock: Clock, ask: AskRemote) {
    this.#ask = ask
    this.#known = new Remembered(clock, ({ isStale }) =>
      isStale ? staleMs : limits.remoteDiscoveryMsMax,
    )
  }

  /** The same array as long as nothing changed: documents are kept by it. */
  async merged(
    own: readonly GroupVersion[],
    services: readonly RemoteService[],
  ): Promise<readonly GroupVersion[]> {
    this.#known.keep(new Set(services.map(nameOf)))
    if (services.length === 0) return own
    const remote = await Promise.all(
      services.map((service) =>
        this.#known.current(nameOf(service), (known, askedMs) =>
          this.#asked(service, known, askedMs),
        ),
      ),
    )
    const last = this.#merged
    if (last?.own === own && sameItems(last.remote, remote)) return last.result
    const result = mergedVersions(own, services, remote)
    this.#merged = { own, remote, result }
    return result
  }

  async #asked(service: RemoteService, known: Known | undefined, askedMs: number): Promise<Known> {
    const path = `/apis/${service.group}/${service.version}`
    let result: Known
    try {
      const { status, response } = await this.#ask(service, path, 'application/json')
      const text = await readText(response)
      if (status !== 200) throw new Error(`${path} was answered with ${status}`)
      result = { resources: resourcesOf(service, JSON.parse(text)), askedMs, isStale: false }
    } catch {
      // Why it is not to be had, its APIService says; what it had is shown on.
      result = { resources: known?.resources ?? [], askedMs, isStale: true }
    }
    if (known && !known.isStale && !result.isStale && sameJson(known.resources, result.resources))
      result = Object.assign(known, { askedMs })
    return result
  }
}

/** One that did not answer is asked again soon. */
const staleMs = 5_000

function nameOf({ group, version, namespace, name, port }: RemoteService): string {
  return `${group}/${version} ${namespace}/${name}:${port}`
}

function sameItems(a: readonly Known[], b: readonly Known[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index])
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** A remote version takes the place of one's own; a new version of a group stands with its group. */
function mergedVersions(
  own: readonly GroupVersion[],
  services: readonly RemoteService[],
  known: readonly Known[],
): readonly GroupVersion[] {
  const remote = services.map(({ group, version }, index) => {
    const { resources = [], isStale = true } = known[index] ?? {}
    return { group, version, resources, isStale }
  })
  const isRemote = (one: GroupVersion) =>
    remote.some(({ group, version }) => group === one.group && version === one.version)
  const all: GroupVersion[] = [...own.filter((one) => !isRemote(one)), ...remote]
  const groups = [...new Set(all.map(({ group }) => group))]
  return groups.flatMap((name) => all.filter(({ group }) => group === name))
}

interface ListedResource {
  readonly name: string
  readonly singularName?: string
  readonly namespaced: boolean
  readonly kind: string
  readonly group?: string
  readonly version?: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

/** Out of an APIResourceList; subresources stand as `<resource>/<name>`. Throws for another document. */
function resourcesOf(
  { group, version }: RemoteService,
  document: { readonly kind?: string; readonly resources?: readonly ListedResource[] },
): DiscoveredResource[] {
  if (document.kind !== 'APIResourceList') throw new Error('the answer is no APIResourceList')
  const listed = document.resources ?? []
  const main = listed.filter(({ name }) => !name.includes('/'))
  return main.map((one) => ({
    ...{ group, version, resource: one.name, singular: one.singularName ?? '', kind: one.kind },
    ...{ namespaced: one.namespaced, verbs: one.verbs },
    shortNames: one.shortNames ?? [],
    categories: one.categories ?? [],
    subresources: listed
      .filter(({ name }) => name.startsWith(`${one.name}/`))
      .map((sub) => ({
        ...{ name: sub.name.slice(one.name.length + 1), kind: sub.kind, verbs: sub.verbs },
        ...{ group: sub.group ?? '', version: sub.version ?? '' },
      })),
  }))
}

/** Throws when it is too large. */
export async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > limits.remoteDiscoveryBytesMax) throw new Error('the answer is too large')
  }
  return Buffer.concat(chunks).toString('utf8')
}
