import { isStatus } from '../../../base/status.ts'
import type { Client, ResourceClient } from '../../../client/typed.ts'
import { autoUpdateAnnotation, type DefaultPolicy, defaultPolicy } from './default-policy.ts'
import { missingRules } from './policy-rule.ts'
import {
  type Binding,
  type ClusterRole,
  type Role,
  rbacGroup,
  rbacPlaces,
  type Subject,
} from './rbac-objects.ts'

/** Writes under way at a time: the first start of a cluster makes more than a hundred objects. */
const writesInFlight = 16

/**
 * Puts what is missing of the default policy into the cluster, and back into roles and bindings that
 * lost a part of it, unless they say `autoupdate: "false"`. What is there beyond it stays
 * (component-helpers/auth/rbac/reconciliation). Rejects with the API's refusals.
 */
export async function reconcilePolicy(
  client: Client,
  policy: DefaultPolicy = defaultPolicy(),
): Promise<void> {
  const { clusterRoles, clusterRoleBindings, roles, roleBindings } = policy
  await reconcileAll(resource<Role>(client, 'clusterRoles'), clusterRoles, reconciledRole)
  await reconcileAll(resource<Role>(client, 'roles'), roles, reconciledRole)
  const bindings = resource<Binding>(client, 'clusterRoleBindings')
  await reconcileAll(bindings, clusterRoleBindings, reconciledBinding)
  const local = resource<Binding>(client, 'roleBindings')
  await reconcileAll(local, roleBindings, reconciledBinding)
}

/** What to do about one object: nothing, another state, or to make it anew. */
export type Reconciled<T> = { readonly update: T } | { readonly replace: T } | undefined

/** Adds the rules, selectors, labels and annotations that a role misses. */
export function reconciledRole(existing: ClusterRole, expected: ClusterRole): Reconciled<Role> {
  if (isLeftAlone(existing)) return undefined
  const metadata = withMeta(existing, expected)
  const aggregates = expected.aggregationRule ?? existing.aggregationRule
  // The rules of a role that is made from others are its controller's business.
  const missing = aggregates ? [] : missingRules(existing.rules ?? [], expected.rules ?? [])
  const lacksRule = expected.aggregationRule !== undefined && !existing.aggregationRule
  if (!metadata && missing.length === 0 && !lacksRule) return undefined
  return {
    update: {
      ...existing,
      metadata: metadata ?? existing.metadata,
      ...(missing.length > 0 ? { rules: [...(existing.rules ?? []), ...missing] } : {}),
      ...(lacksRule ? { aggregationRule: expected.aggregationRule } : {}),
    },
  }
}

/** Adds the subjects that a binding misses; one to another role is made anew. */
export function reconciledBinding(existing: Binding, expected: Binding): Reconciled<Binding> {
  if (isLeftAlone(existing)) return undefined
  const { kind, name } = existing.roleRef
  if (kind !== expected.roleRef.kind || name !== expected.roleRef.name) return { replace: expected }
  const metadata = withMeta(existing, expected)
  const have = new Set((existing.subjects ?? []).map(subjectText))
  const missing = (expected.subjects ?? []).filter((subject) => !have.has(subjectText(subject)))
  if (!metadata && missing.length === 0) return undefined
  const subjects = [...(existing.subjects ?? []), ...missing]
  return { update: { ...existing, metadata: metadata ?? existing.metadata, subjects } }
}

function isLeftAlone({ metadata }: Role | Binding): boolean {
  return metadata.annotations?.[autoUpdateAnnotation] === 'false'
}

/** The metadata with the labels and annotations that are missing; undefined when none is. */
function withMeta(existing: Role | Binding, expected: Role | Binding) {
  const labels = { ...expected.metadata.labels, ...existing.metadata.labels }
  const annotations = { ...expected.metadata.annotations, ...existing.metadata.annotations }
  const size = (record: object | undefined) => Object.keys(record ?? {}).length
  const complete =
    size(labels) === size(existing.metadata.labels) &&
    size(annotations) === size(existing.metadata.annotations)
  return complete ? undefined : { ...existing.metadata, labels, annotations }
}

function subjectText({ kind, namespace = '', name }: Subject): string {
  return `${kind}/${namespace}/${name}`
}

function resource<T extends Role | Binding>(
  client: Client,
  place: keyof typeof rbacPlaces,
): ResourceClient<T> {
  return client.resource<T>({ ...rbacPlaces[place], group: rbacGroup, version: 'v1' })
}

async function reconcileAll<T extends Role | Binding>(
  client: ResourceClient<T>,
  expected: readonly T[],
  decide: (existing: T, wanted: T) => Reconciled<T>,
): Promise<void> {
  const id = ({ metadata: { namespace = '', name = '' } }: T) => `${namespace}/${name}`
  const { items } = await client.list()
  const existing = new Map(items.map((item) => [id(item), item]))
  const left = expected[Symbol.iterator]()
  const workers = Array.from({ length: writesInFlight }, async () => {
    for (const wanted of left) await write(client, wanted, existing.get(id(wanted)), decide)
  })
  await Promise.all(workers)
}

async function write<T extends Role | Binding>(
  client: ResourceClient<T>,
  wanted: T,
  found: T | undefined,
  decide: (existing: T, wanted: T) => Reconciled<T>,
): Promise<void> {
  const { namespace = '', name = '' } = wanted.metadata
  const next: Reconciled<T> = found ? decide(found, wanted) : { replace: wanted }
  if (!next) return
  try {
    if ('update' in next) await client.update(next.update)
    else {
      if (found) await client.delete(namespace, name)
      await client.create(namespace, next.replace)
    }
  } catch (error) {
    // Somebody else was faster: the next start looks again.
    if (!isStatus(error, 'AlreadyExists', 'Conflict', 'NotFound')) throw error
  }
}
