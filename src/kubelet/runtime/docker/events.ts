import type Docker from 'dockerode'
import type { Clock, Timer } from '../../../base/clock.ts'
import type { Logger } from '../../../base/log.ts'
import { type RuntimeEvent, runtimeLabels } from '../runtime.ts'
import type { Owner } from './config.ts'

const reconnectMs = 1_000

interface EngineEvent {
  readonly Action?: string
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Record<string, string> }
}

/** Follows the engine's events while somebody listens; a lost stream is opened again. */
export class DockerEvents {
  readonly #docker: Docker
  readonly #owner: Owner
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #listeners = new Set<(event: RuntimeEvent) => void>()
  #stream: NodeJS.ReadableStream | undefined
  #timer: Timer | undefined
  #open = false
  #closed = false

  constructor(docker: Docker, owner: Owner, clock: Clock, logger: Logger) {
    this.#docker = docker
    this.#owner = owner
    this.#clock = clock
    this.#logger = logger
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    this.#listeners.add(listener)
    if (!this.#open) void this.#follow()
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#closed = true
    this.#listeners.clear()
    this.#timer?.cancel()
    destroy(this.#stream)
  }

  async #follow(): Promise<void> {
    this.#open = true
    const { clusterId, nodeName } = this.#owner
    try {
      const stream = await this.#docker.getEvents({
        filters: {
          type: ['container'],
          event: ['start', 'die'],
          label: [`${runtimeLabels.cluster}=${clusterId}`, `${runtimeLabels.node}=${nodeName}`],
        },
      })
      this.#stream = stream
      if (this.#closed) destroy(stream)
      let text = ''
      for await (const chunk of stream) {
        text += String(chunk)
        const lines = text.split('\n')
        text = lines.pop() ?? ''
        for (const line of lines)
          if (line !== '') void this.#announce(JSON.parse(line) as EngineEvent)
      }
    } catch (error) {
      if (!this.#closed) this.#logger.debug({ error: String(error) }, 'event stream was lost')
    }
    if (this.#closed) return
    this.#timer = this.#clock.after(reconnectMs, () => void this.#follow())
  }

  async #announce(event: EngineEvent): Promise<void> {
    const podUid = event.Actor?.Attributes?.[runtimeLabels.podUid] ?? ''
    const id = event.Actor?.ID ?? ''
    // The engine tells of an end before its listings know it, with the container locked: an answer to
    // this question comes after both. Whatever it is, the listing decides.
    if (event.Action === 'die')
      await this.#docker
        .getContainer(id)
        .inspect()
        .catch(() => {})
    const type = event.Action === 'start' ? 'started' : 'ended'
    for (const listener of this.#listeners) listener({ podUid, id, type })
  }
}

function destroy(stream: NodeJS.ReadableStream | undefined): void {
  ;(stream as { destroy?: () => void } | undefined)?.destroy?.()
}
