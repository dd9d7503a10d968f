import type { FieldError } from '../kind.ts'
import type { Container, ContainerPort, SecurityContext, VolumeMount } from '../types.ts'
import {
  duplicate,
  forbidden,
  invalid,
  invalids,
  notFound,
  required,
} from '../validation/field-error.ts'
import { localPathErrors } from '../validation/local-path.ts'
import { dns1123LabelProblems, portNameProblems } from '../validation/names.ts'
import { portNumberErrors } from '../validation/numbers.ts'
import { isSidecar } from './pod/row.ts'
import { validateProfiles } from './pod/validate-profiles.ts'
import { validateEnv, validateEnvFrom } from './validate-env.ts'
import { validateHandler, validateProbe } from './validate-probe.ts'
import { validateResources } from './validate-resources.ts'

/** What the pod around a container decides. */
export interface ContainerPlace {
  readonly volumes: ReadonlySet<string>
  readonly hostNetwork: boolean
  /** Users of its own, so that it may see all of /proc. */
  readonly ownUsers: boolean
  readonly init: boolean
}

/**
 * Rules of one container (k8s.io/kubernetes pkg/apis/core/validation/validation.go). Required names
 * and enums are the schema table's.
 */
export function validateContainer(
  container: Container,
  path: string,
  place: ContainerPlace,
): FieldError[] {
  const { image = '', securityContext } = container
  const errors: FieldError[] = []
  if (container.name)
    errors.push(...invalids(`${path}.name`, container.name, dns1123LabelProblems(container.name)))
  if (image === '') errors.push(required(`${path}.image`))
  else if (image !== image.trim())
    errors.push(invalid(`${path}.image`, image, 'must not have leading or trailing whitespace'))
  errors.push(...portErrors(container.ports ?? [], `${path}.ports`, place.hostNetwork))
  errors.push(...validateEnv(container.env ?? [], `${path}.env`))
  errors.push(...validateEnvFrom(container.envFrom ?? [], `${path}.envFrom`))
  const privileged = securityContext?.privileged ?? false
  errors.push(
    ...mountErrors(container.volumeMounts ?? [], `${path}.volumeMounts`, place.volumes, privileged),
    ...deviceErrors(container, `${path}.volumeDevices`, place.volumes),
  )
  errors.push(...validateResources(container.resources, `${path}.resources`))
  errors.push(...lifecycleErrors(container, path, place))
  if (securityContext) errors.push(...securityErrors(securityContext, `${path}.securityContext`))
  const { procMount } = securityContext ?? {}
  if (procMount === 'Unmasked' && !place.ownUsers)
    errors.push(
      invalid(
        `${path}.securityContext.procMount`,
        procMount,
        '`hostUsers` must be false to use `Unmasked`',
      ),
    )
  return errors
}

function portErrors(
  ports: readonly ContainerPort[],
  path: string,
  hostNetwork: boolean,
): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const at = `${path}[${index}]`
    const { name, containerPort, hostPort } = port
    if (name) {
      const problems = portNameProblems(name)
      errors.push(...invalids(`${at}.name`, name, problems))
      if (problems.length === 0 && names.has(name)) errors.push(duplicate(`${at}.name`, name))
      names.add(name)
    }
    if (containerPort === 0) errors.push(required(`${at}.containerPort`))
    else if (containerPort !== undefined)
      errors.push(...portNumberErrors(containerPort, `${at}.containerPort`))
    if (hostPort) errors.push(...portNumberErrors(hostPort, `${at}.hostPort`))
    if (hostNetwork && hostPort && hostPort !== containerPort)
      errors.push(
        invalid(
          `${at}.containerPort`,
          containerPort,
          'must match `hostPort` when `hostNetwork` is true',
        ),
      )
  }
  return errors
}

function mountErrors(
  mounts: readonly VolumeMount[],
  path: string,
  volumes: ReadonlySet<string>,
  privileged: boolean,
): FieldError[] {
  const errors: FieldError[] = []
  const paths = new Set<string>()
  for (const [index, mount] of mounts.entries()) {
    const at = `${path}[${index}]`
    if (mount.name && !volumes.has(mount.name)) errors.push(notFound(`${at}.name`, mount.name))
    if (mount.mountPath && paths.has(mount.mountPath))
      errors.push(invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'))
    paths.add(mount.mountPath)
    errors.push(...subPathErrors(mount, path))
    // Their index Kubernetes does not name (validation.go: ValidateVolumeMounts).
    if (mount.mountPropagation === 'Bidirectional' && !privileged)
      errors.push(
        forbidden(
          `${path}.mountPropagation`,
          'Bidirectional mount propagation is available only to privileged containers',
        ),
      )
  }
  return errors
}

function deviceErrors(
  { volumeDevices = [] }: Container,
  path: string,
  volumes: ReadonlySet<string>,
): FieldError[] {
  const seen = { name: new Set<string>(), devicePath: new Set<string>() }
  return volumeDevices.flatMap((device, index) => {
    const at = `${path}[${index}]`
    const errors: FieldError[] = []
    if (!volumes.has(device.name)) errors.push(notFound(`${at}.name`, device.name ?? ''))
    for (const field of ['name', 'devicePath'] as const) {
      const value = device[field] ?? ''
      if (value !== '' && seen[field].has(value))
        errors.push(invalid(`${at}.${field}`, value, 'must be unique'))
      seen[field].add(value)
    }
    if (device.devicePath?.split('/').includes('..'))
      errors.push(invalid(`${at}.devicePath`, device.devicePath, "must not contain '..'"))
    return errors
  })
}

function subPathErrors({ subPath, subPathExpr }: VolumeMount, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (subPath) errors.push(...localPathErrors(subPath, `${at}.subPath`))
  if (!subPathExpr) return errors
  if (subPath)
    errors.push(
      invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'),
    )
  errors.push(...localPathErrors(subPathExpr, `${at}.subPathExpr`))
  return errors
}

function lifecycleErrors(container: Container, path: string, place: ContainerPlace): FieldError[] {
  const errors: FieldError[] = []
  const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const
  if (place.init && !isSidecar(container)) {
    for (const field of ['lifecycle', ...probes] as const)
      if (container[field])
        errors.push(
          forbidden(
            `${path}.${field}`,
            'may not be set for init containers without restartPolicy=Always',
          ),
        )
    return errors
  }
  for (const field of probes) {
    const probe = container[field]
    if (probe) errors.push(...validateProbe(probe, `${path}.${field}`, field))
  }
  const { postStart, preStop } = container.lifecycle ?? {}
  if (postStart) errors.push(...validateHandler(postStart, `${path}.lifecycle.postStart`))
  if (preStop) errors.push(...validateHandler(preStop, `${path}.lifecycle.preStop`))
  return errors
}

function securityErrors(context: SecurityContext, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['runAsUser', 'runAsGroup'] as const) {
    const id = context[field]
    if (id !== undefined) errors.push(...idErrors(id, `${path}.${field}`))
  }
  errors.push(...validateProfiles(context, path))
  if (context.allowPrivilegeEscalation === false && context.privileged)
    errors.push(
      invalid(
        path,
        context,
        'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ),
    )
  return errors
}

const idMax = 2 ** 31 - 1

export function idErrors(id: number, path: string): FieldError[] {
  return id >= 0 && id <= idMax
    ? []
    : [invalid(path, id, `must be between 0 and ${idMax}, inclusive`)]
}
