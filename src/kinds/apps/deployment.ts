import { templateWarnings } from '../core/pod/warnings.ts'
import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import type { AnyObject, FieldError } from '../kind.ts'
import { age, joined, nameOf, selectorText } from '../print.ts'
import { countedStatus } from '../status/counts.ts'
import type { Deployment, DeploymentSpec, DeploymentStrategy } from '../types.ts'
import { forbidden, invalid } from '../validation/field-error.ts'
import { isZeroShare, nonNegative, shareErrors } from '../validation/numbers.ts'
import { validateWorkload } from './validate-workload.ts'

const readWrite = ['get', 'patch', 'update']

/** k8s.io/kubernetes pkg/apis/apps/validation/validation.go: ValidateDeployment */
export const deployment = defineKind({
  group: 'apps',
  kind: 'Deployment',
  resource: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  definition: 'io.k8s.api.apps.v1.Deployment',
  hasStatus: true,
  statusKeeps: ['labels'],
  countsGeneration: true,
  // What rolled out is told by annotations, too (pkg/registry/apps/deployment/strategy.go).
  countsAnnotations: true,
  subresources: [
    subresource('scale', 'Scale', readWrite, 'autoscaling'),
    subresource('status', 'Deployment', readWrite),
  ],
  warnings: templateWarnings('spec.template', true),
  validateCreate: (object) => validateDeployment((object as Deployment).spec),
  validateUpdate: (object) => validateDeployment((object as Deployment).spec),
  validateStatusUpdate: countedStatus({
    counts: [
      ...['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas'],
      ...['availableReplicas', 'unavailableReplicas', 'terminatingReplicas', 'collisionCount'],
    ],
    ofReplicas: ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
    readyName: 'readyReplicas',
    collides: true,
  }),
  columns: [
    nameColumn,
    column('Ready', 'string', 'Pods that are ready, of those wanted.'),
    column('Up-to-date', 'string', 'Pods of the newest template.'),
    column('Available', 'string', 'Pods that have been ready for long enough.'),
    ageColumn,
    column('Containers', 'string', 'Names of its containers.', { wide: true }),
    column('Images', 'string', 'Images of its containers.', { wide: true }),
    column('Selector', 'string', 'Which pods are its own.', { wide: true }),
  ],
  row,
})

function validateDeployment(spec: DeploymentSpec | undefined): FieldError[] {
  if (!spec) return []
  const errors = validateWorkload(spec)
  if (spec.strategy) errors.push(...strategyErrors(spec.strategy, 'spec.strategy'))
  errors.push(...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'))
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec
  if (deadline === undefined) return errors
  errors.push(...nonNegative(deadline, 'spec.progressDeadlineSeconds'))
  if (deadline <= minReadySeconds)
    errors.push(
      invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'),
    )
  return errors
}

function strategyErrors({ type, rollingUpdate }: DeploymentStrategy, path: string): FieldError[] {
  if (!rollingUpdate) return []
  const at = `${path}.rollingUpdate`
  if (type === 'Recreate')
    return [forbidden(at, "may not be specified when strategy `type` is 'Recreate'")]
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate
  const errors = [
    ...shareErrors(maxUnavailable, `${at}.maxUnavailable`, 100),
    ...shareErrors(maxSurge, `${at}.maxSurge`),
  ]
  if (isZeroShare(maxUnavailable) && isZeroShare(maxSurge))
    errors.push(
      invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'),
    )
  return errors
}

function row(object: AnyObject, nowMs: number): (string | number)[] {
  const { spec, status = {} } = object as Deployment
  const containers = spec?.template?.spec?.containers
  return [
    nameOf(object),
    `${status.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    status.updatedReplicas ?? 0,
    status.availableReplicas ?? 0,
    age(object, nowMs),
    joined(containers, 'name'),
    joined(containers, 'image'),
    selectorText(spec?.selector),
  ]
}
