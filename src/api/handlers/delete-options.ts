import type { FieldError } from '../../kinds/kind.ts'
import type { DeleteOptions } from '../../kinds/types.ts'
import { badRequest, invalidKind } from '../errors.ts'
import { isTrue } from '../request-info.ts'
import { bodyOf, isDryRun, readBody } from './request-body.ts'
import type { ResourceContext } from './resource-context.ts'

export type Propagation = 'Background' | 'Foreground' | 'Orphan'

/** How to delete, from body or query, checked. */
export interface Deletion {
  readonly graceSeconds: number | undefined
  /** undefined when the caller leaves it to the kind. */
  readonly propagation: Propagation | undefined
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
  readonly dryRun: boolean
  /** As they were asked for, to be shown. */
  readonly asked: DeleteOptions
}

/** A body wins over the query, as in apiserver pkg/endpoints/handlers/delete.go. */
export function readDeletion(context: ResourceContext): Deletion {
  const { query } = context.info
  if (bodyOf(context).length > 0) {
    // Clients name any group and version that they speak, and are not told of fields that nobody knows.
    const { length } = context.warnings
    const body = readBody(context, {
      definition: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
      kind: 'DeleteOptions',
      apiVersions: 'any',
    })
    context.warnings.splice(length)
    const options = body as unknown as DeleteOptions
    const dryRun = isDryRun(context, options.dryRun)
    return deletionOf(options, dryRun)
  }
  const grace = query.get('gracePeriodSeconds')
  const orphan = query.get('orphanDependents')
  const options: DeleteOptions = {
    gracePeriodSeconds: grace === null ? undefined : seconds(grace),
    propagationPolicy: query.get('propagationPolicy') ?? undefined,
    orphanDependents: orphan === null ? undefined : isTrue(orphan),
  }
  return deletionOf(options, isDryRun(context))
}

/** Checks DeleteOptions wherever they came from (an Eviction carries them too). */
export function deletionOf(options: DeleteOptions, dryRun: boolean): Deletion {
  const errors = [...policyErrors(options)]
  if (errors.length > 0) throw invalidKind('DeleteOptions', 'meta.k8s.io', '', errors)
  const grace = options.gracePeriodSeconds
  return {
    graceSeconds: grace === undefined ? undefined : grace < 0 ? 1 : grace,
    propagation: propagationOf(options),
    uid: options.preconditions?.uid,
    resourceVersion: options.preconditions?.resourceVersion,
    dryRun,
    asked: options,
  }
}

function propagationOf(options: DeleteOptions): Propagation | undefined {
  if (options.orphanDependents !== undefined)
    return options.orphanDependents ? 'Orphan' : 'Background'
  return options.propagationPolicy ? (options.propagationPolicy as Propagation) : undefined
}

function* policyErrors(options: DeleteOptions): Generator<FieldError, void, void> {
  const policy = options.propagationPolicy
  if (!policy) return
  const field = 'propagationPolicy'
  if (options.orphanDependents !== undefined)
    yield {
      type: 'FieldValueInvalid',
      field,
      message: `Invalid value: "${policy}": orphanDependents and deletionPropagation cannot be both set`,
    }
  if (policy !== 'Background' && policy !== 'Foreground' && policy !== 'Orphan')
    yield {
      type: 'FieldValueNotSupported',
      field,
      message:
        `Unsupported value: ${JSON.stringify(policy)}: supported values: ` +
        '"Foreground", "Background", "Orphan", "nil"',
    }
}

function seconds(text: string): number {
  if (!/^-?[0-9]{1,15}$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}
