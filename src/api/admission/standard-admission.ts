import { restrictNode } from '../auth/node-restriction.ts'
import type { ApiOptions } from '../context.ts'
import { type Admission, noClaims } from '../handlers/resource-context.ts'
import { ServiceAddresses } from '../service-addresses.ts'
import { nameRequestor } from './certificate-requestor.ts'
import { completePod } from './pod-admission.ts'
import { requireServiceAccount } from './service-account.ts'

/** The admission plugins that every cluster has, in their order. */
export function createAdmission(options: ApiOptions): Admission {
  const { random, serviceCidr, nodePortRange, store } = options
  const addresses = new ServiceAddresses({ view: store.view, random, serviceCidr, nodePortRange })
  return {
    create({ kind, user }, object) {
      if (kind.group === '' && kind.resource === 'pods')
        completePod(object, options.tolerationSeconds)
      if (kind.resource === 'certificatesigningrequests') nameRequestor(object, user)
    },
    claims(context, object, old) {
      const { kind, user, info } = context
      const isNew = object !== undefined && old === undefined
      if (isNew && kind.group === '' && kind.resource === 'pods')
        requireServiceAccount(context, object)
      const refused = restrictNode(user, info, object, old)
      if (refused) throw refused
      if (kind.group !== '' || kind.resource !== 'services') return noClaims
      return addresses.claims(object, old)
    },
  }
}
