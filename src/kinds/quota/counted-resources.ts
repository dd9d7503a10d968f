import { allKinds } from '../scheme.ts'
import type { Counted } from './usage.ts'

export interface CountedKind extends Counted {
  readonly version: string
}

const ofPods = /^(pods|cpu|memory|ephemeral-storage|hugepages-.+|limits\..+)$/
const ofClaims =
  /^(persistentvolumeclaims|requests\.storage|.+\.storageclass\.storage\.k8s\.io\/.+)$/
const plain = ['configmaps', 'replicationcontrollers', 'resourcequotas', 'secrets', 'services']

/** Which objects have to be looked at to know what is used of `names`, each kind once. */
export function countedKinds(names: Iterable<string>): CountedKind[] {
  const found = new Map<string, CountedKind>()
  for (const name of names) {
    const { group, resource } = targetOf(name) ?? {}
    const kind = allKinds.find(
      (one) => one.namespaced && one.group === group && one.resource === resource,
    )
    if (kind) found.set(`${kind.group}/${kind.resource}`, kind)
  }
  return [...found.values()].map((kind) => ({
    group: kind.group,
    version: kind.version,
    resource: kind.resource,
  }))
}

function targetOf(name: string): Counted | undefined {
  if (name.startsWith('count/')) {
    const [resource = '', ...group] = name.slice('count/'.length).split('.')
    return { group: group.join('.'), resource }
  }
  if (ofClaims.test(name)) return { group: '', resource: 'persistentvolumeclaims' }
  if (ofPods.test(name) || name.startsWith('requests.')) return { group: '', resource: 'pods' }
  const resource = name.split('.')[0] ?? ''
  return plain.includes(resource) ? { group: '', resource } : undefined
}
