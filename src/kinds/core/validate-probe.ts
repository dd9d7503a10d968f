import type { FieldError } from '../kind.ts'
import type { IntOrString, LifecycleHandler, Probe } from '../types.ts'
import { forbidden, invalid, invalids, required } from '../validation/field-error.ts'
import { portNameProblems } from '../validation/names.ts'

const portMax = 65_535

type ProbeField = 'livenessProbe' | 'readinessProbe' | 'startupProbe'

export function validateProbe(probe: Probe, path: string, field: ProbeField): FieldError[] {
  const errors = validateHandler(probe, path)
  const counts = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const
  for (const name of counts) {
    const value = probe[name] ?? 0
    if (value < 0)
      errors.push(invalid(`${path}.${name}`, value, 'must be greater than or equal to 0'))
  }
  const grace = probe.terminationGracePeriodSeconds
  if (field === 'readinessProbe') {
    if (grace !== undefined)
      errors.push(
        invalid(
          `${path}.terminationGracePeriodSeconds`,
          grace,
          'must not be set for readinessProbes',
        ),
      )
    return errors
  }
  if (grace !== undefined && grace <= 0)
    errors.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'))
  if (probe.successThreshold !== undefined && probe.successThreshold !== 1)
    errors.push(invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1'))
  return errors
}

/** Exactly one handler, and what it needs. */
export function validateHandler(handler: LifecycleHandler & Probe, path: string): FieldError[] {
  const errors: FieldError[] = []
  const kinds = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const
  const used = kinds.filter((kind) => handler[kind] !== undefined)
  if (used.length === 0) errors.push(required(path, 'must specify a handler type'))
  for (const kind of used.slice(1))
    errors.push(forbidden(`${path}.${kind}`, 'may not specify more than 1 handler type'))
  const { exec, httpGet, tcpSocket, grpc } = handler
  if (exec && (exec.command ?? []).length === 0) errors.push(required(`${path}.exec.command`))
  if (httpGet) errors.push(...portErrors(httpGet.port, `${path}.httpGet.port`))
  if (tcpSocket) errors.push(...portErrors(tcpSocket.port, `${path}.tcpSocket.port`))
  if (grpc) errors.push(...portErrors(grpc.port, `${path}.grpc.port`))
  return errors
}

/** A number or the name of a port. */
export function portErrors(port: IntOrString | undefined, path: string): FieldError[] {
  if (typeof port === 'string') return invalids(path, port, portNameProblems(port))
  if (port !== undefined && port >= 1 && port <= portMax) return []
  return [invalid(path, port ?? 0, `must be between 1 and ${portMax}, inclusive`)]
}
