import { restrictNode } from '../auth/node-restriction.ts'
import type { ApiOptions } from '../context.ts'
import { type Admission, noClaims } from '../handlers/resource-context.ts'
import { completePod } from './pod-admission.ts'

/** The admission plugins that every cluster has, in their order. */
export function createAdmission(_options: ApiOptions): Admission {
  return {
    create({ kind }, object) {
      if (kind.group === '' && kind.resource === 'pods') completePod(object)
    },
    claims({ user, info }, object, old) {
      const refused = restrictNode(user, info, object, old)
      if (refused) throw refused
      return noClaims
    },
  }
}
