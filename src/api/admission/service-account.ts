import { present } from '../../base/assert.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import type { Pod } from '../../kinds/types.ts'
import { forbidden } from '../errors.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { objectKey } from '../storage-keys.ts'

/** Every namespace gets this one; pods need not wait until it is there. */
const defaultAccount = 'default'

/**
 * Refuses a new pod whose service account is not there
 * (k8s.io/kubernetes plugin/pkg/admission/serviceaccount). Throws Forbidden, which names a generated
 * pod by its prefix: refusals of one workload are then one Event that counts.
 */
export function requireServiceAccount(context: ResourceContext, object: AnyObject): void {
  const { kind, info, options } = context
  const account = (object as Pod).spec?.serviceAccountName ?? defaultAccount
  if (account === defaultAccount) return
  const accounts = present(kindOfResource('', 'v1', 'serviceaccounts'), 'kind ServiceAccount')
  if (options.store.view.get(objectKey(accounts, info.namespace, account))) return
  throw forbidden(
    kind,
    object.metadata.generateName || (object.metadata.name ?? ''),
    `error looking up service account ${info.namespace}/${account}: ` +
      `serviceaccount "${account}" not found`,
  )
}
