import { templateWarnings } from '../core/pod/warnings.ts'
import {
  ageColumn,
  column,
  defineKind,
  dropStatus,
  keepStatus,
  nameColumn,
  subresource,
} from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, joined, labelsText, nameOf, selectorText } from '../print.ts'
import { countedStatus } from '../status/counts.ts'
import type { DaemonSet, DaemonSetSpec } from '../types.ts'
import { invalid, required, same } from '../validation/field-error.ts'
import { isZeroShare, nonNegative, shareErrors } from '../validation/numbers.ts'
import { validateWorkload } from './validate-workload.ts'

const templateGeneration = 'deprecated.daemonset.template.generation'

/** k8s.io/kubernetes pkg/registry/apps/daemonset/strategy.go, pkg/apis/apps/validation */
export const daemonSet = defineKind({
  group: 'apps',
  kind: 'DaemonSet',
  resource: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  definition: 'io.k8s.api.apps.v1.DaemonSet',
  countsGeneration: true,
  subresources: [subresource('status', 'DaemonSet', ['get', 'patch', 'update'])],
  prepareCreate: (object) => {
    dropStatus(object)
    annotate(object, 1)
  },
  prepareUpdate: (object, old) => {
    keepStatus(object, old)
    const { spec } = typed<DaemonSet>(object)
    const changed = !same(spec?.template, typed<DaemonSet>(old).spec?.template)
    const before = Number(old.metadata.annotations?.[templateGeneration] ?? 0)
    annotate(object, before + (changed ? 1 : 0))
  },
  warnings: templateWarnings('spec.template', false),
  validateCreate: (object) => specErrors(typed<DaemonSet>(object).spec),
  validateUpdate: (object) => specErrors(typed<DaemonSet>(object).spec),
  validateStatusUpdate: countedStatus({
    counts: [
      ...['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady'],
      ...['observedGeneration', 'updatedNumberScheduled', 'numberAvailable', 'numberUnavailable'],
      'collisionCount',
    ],
    collides: true,
  }),
  columns: [
    nameColumn,
    column('Desired', 'integer', 'Nodes that should run its pod.'),
    column('Current', 'integer', 'Nodes that run its pod.'),
    column('Ready', 'integer', 'Nodes whose pod is ready.'),
    column('Up-to-date', 'integer', 'Nodes whose pod is of the newest template.'),
    column('Available', 'integer', 'Nodes whose pod has been ready for long enough.'),
    column('Node Selector', 'string', 'Labels that nodes must have.'),
    ageColumn,
    column('Containers', 'string', 'Names of its containers.', { wide: true }),
    column('Images', 'string', 'Images of its containers.', { wide: true }),
    column('Selector', 'string', 'Which pods are its own.', { wide: true }),
  ],
  row,
})

/** Counts the templates, for the controller's label on pods. */
function annotate(object: AnyObject, generation: number): void {
  const annotations: Record<string, string> = Object.create(null)
  Object.assign(annotations, object.metadata.annotations)
  annotations[templateGeneration] = String(generation)
  object.metadata.annotations = annotations
}

function specErrors(spec: DaemonSetSpec | undefined): FieldError[] {
  if (!spec) return []
  const errors = validateWorkload(spec, 'daemonset')
  errors.push(...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'))
  const { type, rollingUpdate } = spec.updateStrategy ?? {}
  if (type !== 'RollingUpdate') return errors
  const at = 'spec.updateStrategy.rollingUpdate'
  if (!rollingUpdate) return [...errors, required(at)]
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate
  errors.push(
    ...shareErrors(maxUnavailable, `${at}.maxUnavailable`, 100),
    ...shareErrors(maxSurge, `${at}.maxSurge`, 100),
  )
  if (isZeroShare(maxUnavailable) && isZeroShare(maxSurge))
    errors.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
  if (!isZeroShare(maxUnavailable) && !isZeroShare(maxSurge))
    errors.push(
      invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'),
    )
  return errors
}

function row(object: AnyObject, nowMs: number): (string | number)[] {
  const { spec, status } = typed<DaemonSet>(object)
  const pods = spec?.template?.spec
  return [
    nameOf(object),
    status?.desiredNumberScheduled ?? 0,
    status?.currentNumberScheduled ?? 0,
    status?.numberReady ?? 0,
    status?.updatedNumberScheduled ?? 0,
    status?.numberAvailable ?? 0,
    labelsText(pods?.nodeSelector),
    age(object, nowMs),
    joined(pods?.containers, 'name'),
    joined(pods?.containers, 'image'),
    selectorText(spec?.selector),
  ]
}
