import { customKind } from '../../kinds/apiextensions/custom-kind.ts'
import { type CustomDefinition, hasCondition } from '../../kinds/apiextensions/definition-spec.ts'
import type { AnyObject, Kind } from '../../kinds/kind.ts'
import { allKinds, kindOfResource } from '../../kinds/scheme.ts'
import type { ClusterStore } from '../../state/cluster-store.ts'
import { type GroupVersion, groupVersions } from '../discovery/resources.ts'
import { LocalCopy } from '../local-copy.ts'
import { objectKey } from '../storage-keys.ts'

const definitions = {
  group: 'apiextensions.k8s.io',
  resource: 'customresourcedefinitions',
  namespaced: false,
}

/** Where the definition of a custom kind is stored. */
export function definitionKey(group: string, resource: string): string {
  return objectKey(definitions, '', `${resource}.${group}`)
}

const standardGroupVersions = groupVersions(allKinds)

/** What can be asked about the kinds that are served. */
export interface KindCatalog {
  /** The kind behind a path as this replica knows it. */
  find(group: string, version: string, resource: string): Kind | undefined
  /** The definition behind a custom resource. */
  definitionOf(group: string, resource: string): CustomDefinition | undefined
  /** In the order in which discovery names them. */
  readonly all: readonly Kind[]
  /** What discovery and OpenAPI describe: the same array while nothing changed. */
  readonly groupVersions: readonly GroupVersion[]
}

/** Kubernetes' own kinds alone. */
export const standardCatalog: KindCatalog = {
  find: kindOfResource,
  definitionOf: () => undefined,
  all: allKinds,
  groupVersions: standardGroupVersions,
}

/** A definition and the kinds of its served versions. */
interface Served {
  readonly definition: CustomDefinition
  readonly kinds: readonly Kind[]
}

/**
 * Every kind that this member serves: those of Kubernetes, and those of the established
 * CustomResourceDefinitions that its replica holds. A kind is made when its definition changes, so
 * its identity says whether what was derived from it still holds.
 */
export class ServedKinds implements KindCatalog {
  readonly #store: ClusterStore
  readonly #copy: LocalCopy
  readonly #custom = new Map<string, Served>()
  #all: readonly Kind[] = allKinds
  #groupVersions: readonly GroupVersion[] = standardGroupVersions
  /** Groups and versions as they were, with the kinds that made them. */
  #made = new Map<string, Made>()

  constructor(store: ClusterStore) {
    this.#store = store
    this.#copy = new LocalCopy(store, definitions, {
      set: (key, object) => this.#custom.set(key, served(object, this.#custom.get(key))),
      remove: (key) => this.#custom.delete(key),
      clear: () => this.#custom.clear(),
    })
  }

  find(group: string, version: string, resource: string): Kind | undefined {
    const standard = kindOfResource(group, version, resource)
    if (standard) return standard
    this.#refresh()
    return this.#kindsOf(group, resource)?.kinds.find((kind) => kind.version === version)
  }

  /** As `find`, and if there is none once more when the replica has caught up. */
  async findFresh(group: string, version: string, resource: string): Promise<Kind | undefined> {
    const found = this.find(group, version, resource)
    if (found || !group.includes('.')) return found
    await this.#store.barrier()
    return this.find(group, version, resource)
  }

  definitionOf(group: string, resource: string): CustomDefinition | undefined {
    this.#refresh()
    return this.#kindsOf(group, resource)?.definition
  }

  get all(): readonly Kind[] {
    this.#refresh()
    return this.#all
  }

  get groupVersions(): readonly GroupVersion[] {
    this.#refresh()
    return this.#groupVersions
  }

  #kindsOf(group: string, resource: string): Served | undefined {
    return this.#custom.get(definitionKey(group, resource))
  }

  #refresh(): void {
    if (!this.#copy.refresh()) return
    const custom = [...this.#custom.values()].flatMap(({ kinds }) => kinds)
    this.#all = custom.length === 0 ? allKinds : [...allKinds, ...custom]
    const byName = new Map<string, Kind[]>()
    for (const kind of custom) {
      const name = `${kind.group}/${kind.version}`
      byName.set(name, [...(byName.get(name) ?? []), kind])
    }
    const made = new Map<string, Made>()
    this.#groupVersions = groupVersions(this.#all).map((fresh) => {
      const name = `${fresh.group}/${fresh.version}`
      const kinds = byName.get(name) ?? []
      if (kinds.length === 0) return standardByName.get(name) ?? fresh
      const before = this.#made.get(name)
      const isSame =
        before?.kinds.length === kinds.length && kinds.every((kind) => before.kinds.includes(kind))
      const result = isSame ? before : { kinds, groupVersion: fresh }
      made.set(name, result)
      return result.groupVersion
    })
    this.#made = made
  }
}

interface Made {
  readonly kinds: readonly Kind[]
  /** Its identity tells whether documents about it still hold. */
  readonly groupVersion: GroupVersion
}

const standardByName = new Map(
  standardGroupVersions.map((one) => [`${one.group}/${one.version}`, one]),
)

/** The kinds stay the same ones while nothing of them changes, whatever the definition says besides. */
function served(object: AnyObject, before: Served | undefined): Served {
  const definition = object as CustomDefinition
  if (!hasCondition(definition, 'Established')) return { definition, kinds: [] }
  if (before && before.kinds.length > 0 && isSameKind(definition, before.definition))
    return { definition, kinds: before.kinds }
  const versions = definition.spec.versions.filter((version) => version.served)
  return { definition, kinds: versions.map((version) => customKind(definition, version)) }
}

/** As apiextensions-apiserver decides whether to serve it anew (customresource_handler.go updateCustomResourceDefinition). */
function isSameKind(left: CustomDefinition, right: CustomDefinition): boolean {
  const facts = ({ metadata, spec, status }: CustomDefinition) =>
    JSON.stringify([metadata.uid, spec, status?.acceptedNames])
  return facts(left) === facts(right)
}
