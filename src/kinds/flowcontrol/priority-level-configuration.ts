import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import { typedConditions } from '../status/counts.ts'
import type {
  LimitedPriorityLevelConfiguration,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from '../types.ts'
import { forbidden, invalid, notSupported, required } from '../validation/field-error.ts'

const queuesMax = 10_000_000
const handDepthBitsMax = 60
const percentMax = 100

/** k8s.io/kubernetes pkg/apis/flowcontrol/validation: ValidatePriorityLevelConfiguration */
export const priorityLevelConfiguration = defineKind({
  group: 'flowcontrol.apiserver.k8s.io',
  kind: 'PriorityLevelConfiguration',
  resource: 'prioritylevelconfigurations',
  singular: 'prioritylevelconfiguration',
  namespaced: false,
  definition: 'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration',
  hasStatus: true,
  statusKeeps: 'all',
  countsGeneration: true,
  subresources: [subresource('status', 'PriorityLevelConfiguration', ['get', 'patch', 'update'])],
  validateCreate: specErrors,
  validateUpdate: specErrors,
  validateStatusUpdate: typedConditions,
  columns: [
    nameColumn,
    column('Type', 'string', 'Exempt or Limited.'),
    column('NominalConcurrencyShares', 'string', "Its share of the server's seats."),
    column('Queues', 'string', 'How many queues it has.'),
    column('HandSize', 'string', 'From how many queues a flow takes the shortest.'),
    column('QueueLengthLimit', 'string', 'The most requests in one queue.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { spec } = typed<PriorityLevelConfiguration>(object)
    const shares = (spec?.limited ?? spec?.exempt)?.nominalConcurrencyShares
    const queuing = spec?.limited?.limitResponse?.queuing
    return [
      nameOf(object),
      spec?.type ?? '',
      shares ?? '<none>',
      queuing?.queues ?? '<none>',
      queuing?.handSize ?? '<none>',
      queuing?.queueLengthLimit ?? '<none>',
      age(object, nowMs),
    ]
  },
})

function specErrors(object: AnyObject): FieldError[] {
  const { spec } = typed<PriorityLevelConfiguration>(object)
  const name = object.metadata.name ?? ''
  const type = spec?.type
  if (type === 'Exempt') {
    if (spec?.limited) return [forbidden('spec.limited', 'must be nil if the type is not Limited')]
    return []
  }
  if (type !== 'Limited') return []
  if (name === 'exempt')
    return [invalid('spec.type', type, "type must be 'Exempt' for the level named 'exempt'")]
  if (!spec?.limited) return [required('spec.limited', 'must not be empty when type is Limited')]
  const errors = limitedErrors(spec.limited, 'spec.limited')
  if (spec.exempt) errors.push(forbidden('spec.exempt', 'must be nil if the type is Limited'))
  return errors
}

function limitedErrors(limited: LimitedPriorityLevelConfiguration, path: string): FieldError[] {
  const { nominalConcurrencyShares: shares = 0, lendablePercent = 0, limitResponse } = limited
  const errors: FieldError[] = []
  if (shares < 0)
    errors.push(
      invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer'),
    )
  if (lendablePercent < 0 || lendablePercent > percentMax)
    errors.push(
      invalid(`${path}.lendablePercent`, lendablePercent, 'must be between 0 and 100, inclusive'),
    )
  if (limited.borrowingLimitPercent !== undefined && limited.borrowingLimitPercent < 0)
    errors.push(
      invalid(
        `${path}.borrowingLimitPercent`,
        limited.borrowingLimitPercent,
        'if specified, must be a non-negative integer',
      ),
    )
  const at = `${path}.limitResponse`
  const { type = '', queuing } = limitResponse ?? {}
  if (type === 'Reject') {
    if (queuing)
      errors.push(
        forbidden(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'),
      )
  } else if (type === 'Queue') {
    if (!queuing)
      errors.push(
        required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'),
      )
    else errors.push(...queuingErrors(queuing, `${at}.queuing`))
  } else if (type === '') errors.push(notSupported(`${at}.type`, type, ['Queue', 'Reject']))
  return errors
}

function queuingErrors(queuing: QueuingConfiguration, path: string): FieldError[] {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing
  const errors: FieldError[] = []
  if (queueLengthLimit <= 0)
    errors.push(invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'))
  if (queues <= 0) errors.push(invalid(`${path}.queues`, queues, 'must be positive'))
  else if (queues > queuesMax)
    errors.push(invalid(`${path}.queues`, queues, `must not be greater than ${queuesMax}`))
  if (handSize <= 0) errors.push(invalid(`${path}.handSize`, handSize, 'must be positive'))
  else if (handSize > queues)
    errors.push(
      invalid(`${path}.handSize`, handSize, `should not be greater than queues (${queues})`),
    )
  else if (handBits(queues, handSize) > handDepthBitsMax)
    errors.push(
      invalid(
        `${path}.handSize`,
        handSize,
        'required entropy bits of deckSize and handSize should not be greater than 60',
      ),
    )
  return errors
}

/** Bits of the hash that dealing a hand uses up (apiserver pkg/util/shufflesharding). */
function handBits(deck: number, hand: number): number {
  let bits = 0
  for (let dealt = 0; dealt < hand; dealt++) bits += Math.log2(deck - dealt)
  return Math.ceil(bits)
}
