import { isStatus } from '../base/status.ts'
import { configMaps, paths, serviceAccounts } from '../client/resources.ts'
import type { ConfigMap, Namespace, ServiceAccount } from '../kinds/types.ts'
import type { Controller, ControllerContext } from './controller.ts'

const accountName = 'default'
const caName = 'kube-root-ca.crt'
const caKey = 'ca.crt'

/**
 * Gives every namespace its `default` ServiceAccount and a ConfigMap with the cluster's authority
 * (pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher).
 */
export function serviceAccountController(context: ControllerContext): Controller {
  const { client, informers, config } = context
  const namespaces = informers.informer<Namespace>(paths.namespaces)
  const accounts = informers.informer<ServiceAccount>(paths.serviceAccounts)
  const maps = informers.informer<ConfigMap>(paths.configMaps)
  const data = config.caCertificate === undefined ? undefined : { [caKey]: config.caCertificate }
  return {
    name: 'service-account',
    workers: 2,
    subscribe: (queue) => [
      namespaces.subscribe({
        added: ({ metadata }) => queue.add(metadata.name ?? ''),
        updated: ({ metadata }) => queue.add(metadata.name ?? ''),
      }),
      accounts.subscribe({
        deleted: ({ metadata }) => {
          if (metadata.name === accountName) queue.add(metadata.namespace ?? '')
        },
      }),
      maps.subscribe({
        updated: ({ metadata }) => {
          if (metadata.name === caName) queue.add(metadata.namespace ?? '')
        },
        deleted: ({ metadata }) => {
          if (metadata.name === caName) queue.add(metadata.namespace ?? '')
        },
      }),
    ],
    async reconcile(key) {
      const namespace = namespaces.get(key)
      if (!namespace || namespace.metadata.deletionTimestamp) return undefined
      if (!accounts.get(`${key}/${accountName}`))
        await unlessThere(() =>
          serviceAccounts(client).create(key, {
            apiVersion: 'v1',
            kind: 'ServiceAccount',
            metadata: { name: accountName, namespace: key },
          }),
        )
      if (!data) return undefined
      const map = maps.get(`${key}/${caName}`)
      if (map && map.data?.[caKey] !== data[caKey])
        await configMaps(client).update({ ...map, data })
      else if (!map)
        await unlessThere(() =>
          configMaps(client).create(key, {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: caName, namespace: key },
            data,
          }),
        )
      return undefined
    },
  }
}

/** The copy may lag behind, and a namespace may end in between: both are fine. */
async function unlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create()
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists', 'NotFound', 'Forbidden')) throw error
  }
}
