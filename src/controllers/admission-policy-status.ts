import { isStatus } from '../base/status.ts'
import { paths } from '../client/resources.ts'
import { typeWarnings } from '../kinds/admissionregistration/check-types.ts'
import { customKind } from '../kinds/apiextensions/custom-kind.ts'
import { type CustomDefinition, hasCondition } from '../kinds/apiextensions/definition-spec.ts'
import type { Kind } from '../kinds/kind.ts'
import { allKinds } from '../kinds/scheme.ts'
import type { ValidatingAdmissionPolicy } from '../kinds/types.ts'
import type { Controller, ControllerContext } from './controller.ts'

/**
 * Tells in the status of each ValidatingAdmissionPolicy what of it does not fit the kinds that it is about
 * (pkg/controller/validatingadmissionpolicystatus): once for every generation.
 */
export function admissionPolicyStatusController(context: ControllerContext): Controller {
  const { client, informers } = context
  const path = paths.validatingAdmissionPolicies
  const policies = informers.informer<ValidatingAdmissionPolicy>(path)
  const definitions = informers.informer<CustomDefinition>(paths.customResourceDefinitions)
  return {
    name: 'admission-policy-status',
    workers: 1,
    subscribe: (queue) => {
      const enqueue = ({ metadata }: ValidatingAdmissionPolicy) => queue.add(metadata.name ?? '')
      return [policies.subscribe({ added: enqueue, updated: enqueue })]
    },
    async reconcile(key) {
      const policy = policies.get(key)
      if (!policy?.spec) return undefined
      const { generation = 0 } = policy.metadata
      if (generation <= (policy.status?.observedGeneration ?? 0)) return undefined
      const kinds = [...allKinds, ...customKinds(definitions.list())]
      const expressionWarnings = typeWarnings(policy.spec, kinds)
      const typeChecking = expressionWarnings.length > 0 ? { expressionWarnings } : {}
      const status = { ...policy.status, observedGeneration: generation, typeChecking }
      try {
        await client.resource<ValidatingAdmissionPolicy>(path).updateStatus({ ...policy, status })
      } catch (error) {
        // Whoever changed it meanwhile brings the key back.
        if (!isStatus(error, 'Conflict', 'NotFound')) throw error
      }
      return undefined
    },
  }
}

function customKinds(definitions: readonly CustomDefinition[]): Kind[] {
  return definitions
    .filter((one) => hasCondition(one, 'Established'))
    .flatMap((one) =>
      one.spec.versions.filter(({ served }) => served).map((version) => customKind(one, version)),
    )
}
