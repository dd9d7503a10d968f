import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Part } from '../openapi/schemas.ts'
import type { RemoteService } from './api-services.ts'
import { Remembered } from './remembered.ts'
import { type AskRemote, readText } from './remote-discovery.ts'

/** The OpenAPI 2 document of a server, and the groups and versions that it is asked for. */
export interface RemoteDocument {
  readonly services: readonly RemoteService[]
  readonly document: Part
}

interface Known {
  readonly text: string
  readonly document: Part | undefined
  readonly askedMs: number
}

/**
 * The OpenAPI 2 documents of API servers behind Services, remembered for a while (kube-aggregator
 * pkg/controllers/openapi). A server that does not answer is shown as it last was; one that has none is left
 * out.
 */
export class RemoteOpenApi {
  readonly #ask: AskRemote
  readonly #known: Remembered<Known>
  #last: readonly RemoteDocument[] = []

  constructor(clock: Clock, ask: AskRemote) {
    this.#ask = ask
    this.#known = new Remembered(clock, () => limits.remoteDiscoveryMsMax)
  }

  /** The same array as long as nothing changed: what is merged of it is kept by it. */
  async documents(services: readonly RemoteService[]): Promise<readonly RemoteDocument[]> {
    const byServer = new Map<string, RemoteService[]>()
    for (const service of services) {
      const server = serverOf(service)
      byServer.set(server, [...(byServer.get(server) ?? []), service])
    }
    this.#known.keep(new Set(byServer.keys()))
    const found = await Promise.all(
      [...byServer].map(async ([server, own]): Promise<RemoteDocument[]> => {
        const [first] = own
        if (!first) return []
        const { document } = await this.#known.current(server, (known, askedMs) =>
          this.#asked(first, known, askedMs),
        )
        return document ? [{ services: own, document }] : []
      }),
    )
    const documents = found.flat()
    if (!isSame(documents, this.#last)) this.#last = documents
    return this.#last
  }

  async #asked(service: RemoteService, known: Known | undefined, askedMs: number): Promise<Known> {
    let result: Known
    try {
      const { status, response } = await this.#ask(service, '/openapi/v2', 'application/json')
      const text = await readText(response)
      if (status !== 200) throw new Error(`/openapi/v2 was answered with ${status}`)
      const document = text === known?.text ? known.document : documentIn(text)
      result = { text, document, askedMs }
    } catch {
      // Why it is not to be had, its APIService says; what it had is shown on.
      result = { text: known?.text ?? '', document: known?.document, askedMs }
    }
    return result
  }
}

function serverOf({ namespace, name, port }: RemoteService): string {
  return `${namespace}/${name}:${port}`
}

function isSame(left: readonly RemoteDocument[], right: readonly RemoteDocument[]): boolean {
  const sameServices = (a: RemoteDocument, b: RemoteDocument | undefined) =>
    a.services.length === b?.services.length &&
    a.services.every((one, at) => one === b.services[at])
  return (
    left.length === right.length &&
    left.every((one, at) => one.document === right[at]?.document && sameServices(one, right[at]))
  )
}

/** Throws for what is no OpenAPI 2 document. */
function documentIn(text: string): Part {
  const document = JSON.parse(text) as Part | null
  const isDocument =
    typeof document === 'object' && document !== null && document['swagger'] === '2.0'
  if (!isDocument) throw new Error('the answer is no OpenAPI 2 document')
  return document
}
