import { createPrivateKey } from 'node:crypto'
import {
  type ServiceAccountTokens,
  tokenPublicKey,
} from '../../../api/auth/service-account-token.ts'
import type { TokenSigner } from '../../../api/context.ts'
import { objectKey } from '../../../api/storage-keys.ts'
import { present } from '../../../base/assert.ts'
import { parseStored } from '../../../kinds/encode.ts'
import { kindOfResource } from '../../../kinds/scheme.ts'
import type { StoreView } from '../../../state/cluster-store.ts'
import type { KeyPair } from '../../config/certificates.ts'

/** As Kubernetes names the API to itself; tokens of one cluster carry it. */
const issuer = 'https://kubernetes.default.svc.cluster.local'

/**
 * The cluster's key for service account tokens: what signs them, and what checks them. A token ends
 * with its service account, and with what it is bound to: a pod, a secret, a node.
 */
export function serviceAccountTokens(
  pair: KeyPair,
  view: StoreView,
): { signer: TokenSigner; tokens: ServiceAccountTokens } {
  const lives = (resource: string, namespace: string, one: { name: string; uid: string }) => {
    const kind = present(kindOfResource('', 'v1', resource), resource)
    const stored = view.get(objectKey(kind, namespace, one.name))
    return stored !== undefined && parseStored(stored.value).metadata.uid === one.uid
  }
  return {
    signer: { issuer, audiences: [issuer], privateKey: createPrivateKey(pair.privateKey) },
    tokens: {
      ...{ issuer, audiences: [issuer] },
      publicKeys: [tokenPublicKey(pair.certificate)],
      exists: ({ namespace, serviceAccount, pod, secret, node }) =>
        lives('serviceaccounts', namespace, serviceAccount) &&
        (pod === undefined || lives('pods', namespace, pod)) &&
        (secret === undefined || lives('secrets', namespace, secret)) &&
        // A pod's token outlives the node's object: only one bound to the node itself ends with it.
        (node === undefined || pod !== undefined || lives('nodes', '', node)),
    },
  }
}
