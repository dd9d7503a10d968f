import type { APIService } from '../../kinds/types.ts'
import type { ClusterStore } from '../../state/cluster-store.ts'
import { LocalCopy } from '../local-copy.ts'

const place = { group: 'apiregistration.k8s.io', resource: 'apiservices', namespaced: false }

/** An APIService that names a Service: its group and version are served there. */
export interface RemoteService {
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly name: string
  readonly port: number
  /** PEM, base64; '' for the authorities that the system trusts. */
  readonly caBundle: string
  readonly insecureSkipTLSVerify: boolean
  readonly groupPriority: number
  readonly versionPriority: number
}

/** The groups and versions that others serve, as this member's replica has them. */
export class RemoteServices {
  readonly #copy: LocalCopy
  readonly #byKey = new Map<string, RemoteService>()
  #ordered: readonly RemoteService[] = []

  constructor(store: ClusterStore) {
    this.#copy = new LocalCopy(store, place, {
      set: (key, object) => {
        const remote = remoteOf(object as unknown as APIService)
        if (remote) this.#byKey.set(key, remote)
        else this.#byKey.delete(key)
      },
      remove: (key) => void this.#byKey.delete(key),
      clear: () => this.#byKey.clear(),
    })
  }

  /** In discovery's order; the same array until something changes. */
  get all(): readonly RemoteService[] {
    if (this.#copy.refresh()) this.#ordered = [...this.#byKey.values()].sort(inPriority)
    return this.#ordered
  }

  find(group: string, version: string): RemoteService | undefined {
    return this.all.find((one) => one.group === group && one.version === version)
  }

  /** By the path of a request: `/apis/<group>/<version>` and all below it. */
  ofPath(path: string): RemoteService | undefined {
    if (this.all.length === 0) return undefined
    const [, root, group = '', version = ''] = path.split('/')
    return root === 'apis' ? this.find(group, version) : undefined
  }
}

/** Undefined for an APIService that the masters serve themselves. */
export function remoteOf({ spec }: APIService): RemoteService | undefined {
  const service = spec?.service
  if (!spec || !service?.name || !service.namespace) return undefined
  return {
    group: spec.group ?? '',
    version: spec.version ?? '',
    namespace: service.namespace,
    name: service.name,
    port: service.port ?? 443,
    caBundle: spec.caBundle ?? '',
    insecureSkipTLSVerify: spec.insecureSkipTLSVerify === true,
    groupPriority: spec.groupPriorityMinimum,
    versionPriority: spec.versionPriority,
  }
}

function inPriority(a: RemoteService, b: RemoteService): number {
  if (a.groupPriority !== b.groupPriority) return b.groupPriority - a.groupPriority
  if (a.group !== b.group) return a.group < b.group ? -1 : 1
  if (a.versionPriority !== b.versionPriority) return b.versionPriority - a.versionPriority
  return a.version < b.version ? -1 : 1
}
