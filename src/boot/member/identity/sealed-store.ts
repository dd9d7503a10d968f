import { encryptedStore } from '../../../api/encryption/encrypted-store.ts'
import { Envelope } from '../../../api/encryption/envelope.ts'
import { systemRandom as random } from '../../../base/random.ts'
import type { ClusterStore } from '../../../state/cluster-store.ts'
import { ConfigError } from '../../config/config-error.ts'
import { readEncryptionKeys } from '../../config/encryption-keys.ts'
import type { MemberProcess } from '../member.ts'

/** The store as the API sees it: what the configuration has sealed is sealed behind it. */
export function openStore(
  { cluster, directory }: MemberProcess,
  store: ClusterStore,
): ClusterStore {
  const { encryption } = cluster
  if (!encryption) return store
  const { provider, resources } = encryption
  const keys = readEncryptionKeys(directory)
  if (provider !== 'identity' && !keys)
    throw new ConfigError(
      `${directory.path('pki')} has no encryption.json, the keys with which Secrets are sealed`,
      'copy it from another master: all masters have the same',
    )
  return encryptedStore(store, new Envelope({ provider, keys: keys ?? [], random }), resources)
}
