import { Scope } from '../../base/scope.ts'
import type { Informer, InformerHandler } from '../../client/informer.ts'
import { createInformer } from '../../client/reflector.ts'
import { paths } from '../../client/resources.ts'
import type { KubernetesObject, ResourcePath } from '../../client/typed.ts'
import { type CustomDefinition, hasCondition } from '../../kinds/apiextensions/definition-spec.ts'
import type { ControllerContext } from '../controller.ts'
import { instancesOf } from '../custom-resource-definition.ts'
import { deletableKinds } from '../deletable-kinds.ts'

/** Kinds that can own and be owned; Events are neither. */
const collected = deletableKinds.filter(({ kind }) => kind !== 'Event')
const indexes = { byOwner }

/** A kind with the copy of its objects. */
export interface CollectedKind {
  /** `group/version/Kind` of the version that is read. */
  readonly key: string
  readonly path: ResourcePath
  readonly informer: Informer<KubernetesObject>
}

/** A kind of a definition: it comes and goes with it. */
interface CustomKind extends CollectedKind {
  readonly scope: Scope
  /** The keys of all its versions: an owner may be named by any of them. */
  readonly keys: readonly string[]
}

export type HandlerOf = (kind: CollectedKind) => InformerHandler<KubernetesObject>

/**
 * Every kind that owns and is owned, those of CustomResourceDefinitions among them, which are watched
 * from the moment on at which they are established
 * (pkg/controller/garbagecollector/garbagecollector.go: Sync).
 */
export class CollectedKinds {
  readonly #context: ControllerContext
  readonly #definitions: Informer<CustomDefinition>
  readonly #kinds: ReadonlyMap<string, CollectedKind>
  /** By the name of the definition. */
  readonly #custom = new Map<string, CustomKind>()

  constructor(context: ControllerContext) {
    this.#context = context
    const { informers } = context
    this.#definitions = informers.informer<CustomDefinition>(paths.customResourceDefinitions)
    this.#kinds = new Map(
      collected.map(({ kind, path }) => {
        const key = kindKey(apiVersionOf(path), kind)
        const informer = informers.informer<KubernetesObject>(path, { indexes })
        return [key, { key, path, informer }]
      }),
    )
  }

  find(apiVersion: string, kind: string): CollectedKind | undefined {
    return this.get(kindKey(apiVersion, kind))
  }

  get(key: string): CollectedKind | undefined {
    const known = this.#kinds.get(key)
    if (known) return known
    return [...this.#custom.values()].find(({ keys }) => keys.includes(key))
  }

  *all(): Iterable<CollectedKind> {
    yield* this.#kinds.values()
    yield* this.#custom.values()
  }

  /** False while the objects of some kind have not been listed yet. */
  get complete(): boolean {
    return [...this.#custom.values()].every(({ informer }) => informer.hasSynced)
  }

  /** Hears of all objects, those of kinds that are still to come too. Returns what ends that. */
  subscribe(handlerOf: HandlerOf): readonly (() => void)[] {
    const looksAt = (definition: CustomDefinition) => this.#look(definition, handlerOf)
    return [
      ...[...this.#kinds.values()].map((kind) => kind.informer.subscribe(handlerOf(kind))),
      this.#definitions.subscribe({
        added: looksAt,
        updated: looksAt,
        deleted: ({ metadata: { name = '' } }) => {
          const kind = this.#custom.get(name)
          this.#forget(name)
          // A definition goes after its objects, and news of that may come first.
          if (kind) for (const object of kind.informer.list()) handlerOf(kind).deleted?.(object)
        },
      }),
      () => {
        for (const name of this.#custom.keys()) this.#forget(name)
      },
    ]
  }

  #look(definition: CustomDefinition, handlerOf: HandlerOf): void {
    const { name = '' } = definition.metadata
    const known = this.#custom.get(name)
    const path = instancesOf(definition)
    const { names, group, versions } = definition.spec
    const served = versions.filter((version) => version.served)
    if (!hasCondition(definition, 'Established') || served.length === 0) {
      this.#forget(name)
      return
    }
    const keys = served.map((version) => kindKey(`${group}/${version.name}`, names.kind))
    const key = kindKey(apiVersionOf(path), names.kind)
    if (known?.key === key && known.keys.join() === keys.join()) return
    this.#forget(name)
    const { client } = this.#context
    const informer = createInformer(client.resource(path), { indexes }, this.#context)
    const kind = { key, keys, path, informer, scope: new Scope() }
    this.#custom.set(name, kind)
    informer.subscribe(handlerOf(kind))
    informer.start(kind.scope)
  }

  #forget(name: string): void {
    void this.#custom.get(name)?.scope.close()
    this.#custom.delete(name)
  }
}

function kindKey(apiVersion: string, kind: string): string {
  return `${apiVersion}/${kind}`
}

function apiVersionOf({ group, version }: ResourcePath): string {
  return group === '' ? version : `${group}/${version}`
}

/** Index function: the uids of all owners. */
function byOwner({ metadata }: KubernetesObject): readonly string[] {
  return (metadata.ownerReferences ?? []).map(({ uid }) => uid)
}
