import type { AnyObject } from '../../kinds/kind.ts'
import { isDryRun } from '../handlers/request-body.ts'
import type { Attributes, ObjectKind, ResourceContext } from '../handlers/resource-context.ts'

const k8s = 'io.k8s.api'

/** Kinds of what is sent to subresources, by the name of the subresource. */
export const partKinds = {
  scale: objectKind('autoscaling', 'Scale', `${k8s}.autoscaling.v1.Scale`),
  binding: objectKind('', 'Binding', `${k8s}.core.v1.Binding`),
  eviction: objectKind('policy', 'Eviction', `${k8s}.policy.v1.Eviction`),
  token: objectKind(
    'authentication.k8s.io',
    'TokenRequest',
    `${k8s}.authentication.v1.TokenRequest`,
  ),
} as const

function objectKind(group: string, kind: string, definition: string): ObjectKind {
  return { group, version: 'v1', kind, definition }
}

/** What is sent to a subresource: made there (CREATE), or put in the place of `old` (UPDATE). */
interface PartWrite {
  readonly part: keyof typeof partKinds
  readonly dryRun: boolean
  readonly old?: AnyObject | undefined
}

/** The object as policies and webhooks leave it; it is in the namespace of its path. Throws refusals. */
export async function mutatedPart(
  context: ResourceContext,
  object: AnyObject,
  write: PartWrite,
): Promise<AnyObject> {
  const { namespace } = context.info
  if (namespace !== '') object.metadata = { namespace, ...object.metadata }
  return (await context.shared.dynamic.mutate(attributesOf(context, object, write))) ?? object
}

/** Throws refusals. */
export async function validatePart(
  context: ResourceContext,
  object: AnyObject,
  write: PartWrite,
): Promise<void> {
  await context.shared.dynamic.validate(attributesOf(context, object, write))
}

/** Both, for what needs nothing in between. */
export async function admitPart(
  context: ResourceContext,
  object: AnyObject,
  write: PartWrite,
): Promise<AnyObject> {
  const mutated = await mutatedPart(context, object, write)
  await validatePart(context, mutated, write)
  return mutated
}

/** As `admitPart`, for an object of the resource itself that is answered and never stored. */
export async function admitted(context: ResourceContext, object: AnyObject): Promise<AnyObject> {
  const { dynamic } = context.shared
  object.metadata ??= {}
  const attributes: Attributes = {
    ...{ context, object, old: undefined, dryRun: isDryRun(context) },
    ...{ operation: 'CREATE', name: object.metadata.name ?? '' },
  }
  const mutated = (await dynamic.mutate(attributes)) ?? object
  await dynamic.validate({ ...attributes, object: mutated })
  return mutated
}

function attributesOf(
  context: ResourceContext,
  object: AnyObject,
  { part, dryRun, old }: PartWrite,
): Attributes {
  const name = context.info.name || object.metadata.name || ''
  return {
    ...{ context, object, old, dryRun, name, objectKind: partKinds[part] },
    operation: old ? 'UPDATE' : 'CREATE',
  }
}
