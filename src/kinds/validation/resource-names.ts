import type { FieldError } from '../kind.ts'
import { invalid, invalids } from './field-error.ts'
import { qualifiedNameProblems } from './names.ts'

/** Names of computing resources (k8s.io/kubernetes pkg/apis/core/helper/helpers.go). */

const containerResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])

const standardResources: ReadonlySet<string> = new Set([
  ...containerResources,
  ...['requests.cpu', 'requests.memory', 'requests.ephemeral-storage', 'requests.storage'],
  ...['limits.cpu', 'limits.memory', 'limits.ephemeral-storage'],
  ...['configmaps', 'persistentvolumeclaims', 'pods', 'replicationcontrollers', 'resourcequotas'],
  ...['secrets', 'services', 'services.loadbalancers', 'services.nodeports', 'storage'],
])

function isOfContainers(name: string): boolean {
  return containerResources.has(name) || name.startsWith('hugepages-')
}

/** A standard resource, or one of somebody with a domain. */
export function resourceNameErrors(name: string, path: string): FieldError[] {
  const errors = invalids(path, name, qualifiedNameProblems(name))
  if (errors.length > 0 || name.includes('/')) return errors
  if (standardResources.has(name) || isOfContainers(name) || name.startsWith('requests.hugepages-'))
    return []
  return [invalid(path, name, 'must be a standard resource type or fully qualified')]
}

/** One that containers ask for. */
export function containerResourceNameErrors(name: string, path: string): FieldError[] {
  const errors = resourceNameErrors(name, path)
  if (!name.includes('/') && !isOfContainers(name))
    errors.push(invalid(path, name, 'must be a standard resource for containers'))
  return errors
}
