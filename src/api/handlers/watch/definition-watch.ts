import type { StoreWatcher } from '../../../state/cluster-store.ts'
import { definitionKey } from '../../extension/served-kinds.ts'
import { keyAfter } from '../../storage-keys.ts'
import type { ResourceContext } from '../resource-context.ts'

/**
 * Tells a watch of custom resources when its kind is not any more what it was when the watch began: then the
 * watch ends, and whoever watches begins again with what is served now (apiextensions-apiserver
 * pkg/apiserver/customresource_handler.go tearDown).
 */
export class DefinitionWatch {
  readonly #context: ResourceContext
  readonly #watcher: StoreWatcher
  /** It may have changed while the watch was being opened. */
  #isTold = true

  constructor(context: ResourceContext, wake: () => void) {
    this.#context = context
    const { kind, options } = context
    const start = definitionKey(kind.group, kind.resource)
    this.#watcher = options.store.watch({
      ...{ start, end: keyAfter(start), afterRevision: options.store.view.revision },
      wake: () => {
        this.#isTold = true
        wake()
      },
    })
  }

  get isOver(): boolean {
    if (!this.#isTold) return false
    this.#isTold = false
    // Only who has found nothing is woken by what comes next.
    while (this.#watcher.poll(Number.POSITIVE_INFINITY).length > 0);
    const { kind, kinds } = this.#context
    return kinds.find(kind.group, kind.version, kind.resource) !== kind
  }

  close(): void {
    this.#watcher.close()
  }
}
