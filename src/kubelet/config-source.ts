import type { Clock } from '../base/clock.ts'
import { isStatus } from '../base/status.ts'
import { configMaps, secrets, serviceAccounts } from '../client/resources.ts'
import type { Client, KubernetesObject, ResourceClient } from '../client/typed.ts'
import type { ConfigMap, Pod, Secret } from '../kinds/types.ts'
import { podContainers } from './desired.ts'

export interface PodConfiguration {
  readonly configMaps: ReadonlyMap<string, ConfigMap>
  readonly secrets: ReadonlyMap<string, Secret>
}

interface Cached<T> {
  readonly atMs: number
  readonly object: Promise<T | undefined>
}

/** How old an answer may be; many pods of one Deployment ask for the same objects at once. */
const freshMs = 2_000
const cachedMax = 2_000

/** ConfigMaps, Secrets and tokens that pods name, read from the API when they are needed. */
export class ConfigSource {
  readonly #client: Client
  readonly #clock: Clock
  readonly #configMaps = new Map<string, Cached<ConfigMap>>()
  readonly #secrets = new Map<string, Cached<Secret>>()

  constructor(client: Client, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** Objects that do not exist are left out. Rejects with StatusError when the API cannot be asked. */
  async load(pod: Pod): Promise<PodConfiguration> {
    const names = referencedNames(pod)
    const namespace = pod.metadata.namespace ?? ''
    const [foundConfigMaps, foundSecrets] = await Promise.all([
      this.#all(configMaps(this.#client), this.#configMaps, namespace, names.configMaps),
      this.#all(secrets(this.#client), this.#secrets, namespace, names.secrets),
    ])
    return { configMaps: foundConfigMaps, secrets: foundSecrets }
  }

  /** A token of the pod's service account, bound to the pod. */
  async token(pod: Pod, audience: string | undefined, expirySeconds: number): Promise<string> {
    const { namespace = '', name, uid } = pod.metadata
    const account = pod.spec?.serviceAccountName ?? 'default'
    const answer = await serviceAccounts(this.#client).subresource(
      namespace,
      account,
      'token',
      'POST',
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: {},
        spec: {
          audiences: audience ? [audience] : [],
          expirationSeconds: expirySeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
        },
      },
    )
    return (answer as { status?: { token?: string } }).status?.token ?? ''
  }

  async #all<T extends KubernetesObject>(
    resource: ResourceClient<T>,
    cache: Map<string, Cached<T>>,
    namespace: string,
    names: ReadonlySet<string>,
  ): Promise<Map<string, T>> {
    const found = new Map<string, T>()
    await Promise.all(
      [...names].map(async (name) => {
        const object = await this.#get(resource, cache, namespace, name)
        if (object) found.set(name, object)
      }),
    )
    return found
  }

  #get<T extends KubernetesObject>(
    resource: ResourceClient<T>,
    cache: Map<string, Cached<T>>,
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    const key = `${namespace}/${name}`
    const nowMs = this.#clock.monotonicMs()
    const known = cache.get(key)
    if (known && nowMs - known.atMs < freshMs) return known.object
    const object = resource.get(namespace, name).catch((error: unknown) => {
      cache.delete(key)
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    })
    cache.delete(key)
    cache.set(key, { atMs: nowMs, object })
    const [oldest] = cache.keys()
    if (cache.size > cachedMax && oldest !== undefined) cache.delete(oldest)
    return object
  }
}

/** PURE: the names of ConfigMaps and Secrets in a pod's spec. */
export function referencedNames(pod: Pod): {
  configMaps: ReadonlySet<string>
  secrets: ReadonlySet<string>
} {
  const found = { configMaps: new Set<string>(), secrets: new Set<string>() }
  const add = (set: Set<string>, name: string | undefined) => name && set.add(name)
  for (const container of podContainers(pod)) {
    for (const from of container.envFrom ?? []) {
      add(found.configMaps, from.configMapRef?.name)
      add(found.secrets, from.secretRef?.name)
    }
    for (const { valueFrom } of container.env ?? []) {
      add(found.configMaps, valueFrom?.configMapKeyRef?.name)
      add(found.secrets, valueFrom?.secretKeyRef?.name)
    }
  }
  for (const volume of pod.spec?.volumes ?? []) {
    add(found.configMaps, volume.configMap?.name)
    add(found.secrets, volume.secret?.secretName)
    for (const source of volume.projected?.sources ?? []) {
      add(found.configMaps, source.configMap?.name)
      add(found.secrets, source.secret?.name)
    }
  }
  return found
}

/** PURE: the tokens that projected volumes ask for. */
export function referencedTokens(
  pod: Pod,
): { readonly audience: string | undefined; readonly expirySeconds: number }[] {
  return (pod.spec?.volumes ?? [])
    .flatMap((volume) => volume.projected?.sources ?? [])
    .flatMap((source) => source.serviceAccountToken ?? [])
    .map(({ audience, expirationSeconds = 3607 }) => ({
      audience,
      expirySeconds: expirationSeconds,
    }))
}
