import { isStatus } from '../../base/status.ts'
import { type Informer, objectKey } from '../../client/informer.ts'
import { endpointSlices } from '../../client/resources.ts'
import type { EndpointSlice } from '../../kinds/types.ts'
import type { ControllerContext, RequeueAfter } from '../controller.ts'
import { Expectations } from '../expectations.ts'
import type { SliceActions } from './placement.ts'

const lagMs = 1_000

/** Carries out what is decided about slices; decides only when the copy shows what was written before. */
export class SliceWriter {
  readonly #client
  readonly #expectations: Expectations

  constructor({ client, clock }: ControllerContext, slices: Informer<EndpointSlice>) {
    this.#client = endpointSlices(client)
    this.#expectations = new Expectations(slices, clock)
  }

  /** `key` is the owner's, `namespace/name`. */
  async write(key: string, decide: () => SliceActions): Promise<RequeueAfter | undefined> {
    if (!this.#expectations.satisfied(key)) return { requeueAfterMs: lagMs }
    const actions = decide()
    const [namespace = ''] = key.split('/')
    for (const slice of actions.update)
      this.#expectations.wrote(key, await this.#client.update(slice))
    for (const slice of actions.create)
      this.#expectations.wrote(key, await this.#client.create(namespace, slice))
    for (const slice of actions.delete) await this.#delete(key, slice)
    return undefined
  }

  /** The owner is gone: nothing is waited for any longer. */
  forget(key: string): void {
    this.#expectations.forget(key)
  }

  async #delete(key: string, slice: EndpointSlice): Promise<void> {
    const { namespace = '', name = '', uid = '' } = slice.metadata
    try {
      await this.#client.delete(namespace, name, { preconditions: { uid } })
    } catch (error) {
      if (isStatus(error, 'NotFound')) return
      throw error
    }
    this.#expectations.deleted(key, objectKey(slice), uid)
  }
}
