import { type DiscoveredResource, type GroupVersion, groupVersionName } from './resources.ts'

/** The documents of discovery as plain values, in Kubernetes' form. All pure. */

/** `/api` and `/apis` in one document: apidiscovery.k8s.io, v2 or v2beta1. */
export function aggregated(served: readonly GroupVersion[], version: 'v2' | 'v2beta1') {
  const groups = [...new Set(served.map((one) => one.group))]
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group === '' ? {} : { name: group },
      versions: served
        .filter((one) => one.group === group)
        .map((one) => ({
          version: one.version,
          resources: one.resources.map(aggregatedResource),
          freshness: one.isStale === true ? 'Stale' : 'Current',
        })),
    })),
  }
}

function aggregatedResource(resource: DiscoveredResource) {
  const { shortNames, categories, subresources } = resource
  return {
    resource: resource.resource,
    responseKind: { group: '', version: '', kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0
      ? {
          subresources: subresources.map((sub) => ({
            subresource: sub.name,
            responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
            verbs: sub.verbs,
          })),
        }
      : {}),
  }
}

/** `/api` without aggregation. `address` is the host and port by which the client came. */
export function coreVersions(served: readonly GroupVersion[], address: string) {
  return {
    kind: 'APIVersions',
    versions: served.filter((one) => one.group === '').map((one) => one.version),
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  }
}

/** `/apis` without aggregation. */
export function groupList(served: readonly GroupVersion[]) {
  const names = [...new Set(served.map((one) => one.group))].filter((group) => group !== '')
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: names.map((name) => groupFields(served, name)),
  }
}

/** `/apis/<group>`; undefined for one that is not served. */
export function groupDocument(served: readonly GroupVersion[], name: string) {
  if (name === '' || !served.some((one) => one.group === name)) return undefined
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupFields(served, name) }
}

function groupFields(served: readonly GroupVersion[], name: string) {
  const versions = served
    .filter((one) => one.group === name)
    .map((one) => ({ groupVersion: groupVersionName(one), version: one.version }))
  return { name, versions, preferredVersion: versions[0] }
}

/** `/api/v1` and `/apis/<group>/<version>`; undefined for what is not served. */
export function resourceList(served: readonly GroupVersion[], group: string, version: string) {
  const found = served.find((one) => one.group === group && one.version === version)
  if (!found) return undefined
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersionName(found),
    resources: found.resources.flatMap(listedResources),
  }
}

function listedResources(resource: DiscoveredResource): object[] {
  const { shortNames, categories, namespaced, storageVersionHash } = resource
  return [
    {
      name: resource.resource,
      singularName: resource.singular,
      namespaced,
      kind: resource.kind,
      verbs: resource.verbs,
      ...(shortNames.length > 0 ? { shortNames } : {}),
      ...(categories.length > 0 ? { categories } : {}),
      ...(storageVersionHash === undefined ? {} : { storageVersionHash }),
    },
    ...resource.subresources.map((sub) => ({
      name: `${resource.resource}/${sub.name}`,
      singularName: '',
      namespaced,
      ...(sub.group === '' ? {} : { group: sub.group, version: sub.version }),
      kind: sub.kind,
      verbs: sub.verbs,
    })),
  ]
}

/** `/version`: what kubectl and Helm compare with the versions they support. */
export const versionDocument = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.2+kijabi',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: `node ${process.versions.node}`,
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
}
