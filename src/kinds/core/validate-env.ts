import type { FieldError } from '../kind.ts'
import type { EnvFromSource, EnvVar, ObjectFieldSelector } from '../types.ts'
import { invalid, invalids, notSupported } from '../validation/field-error.ts'
import { envVarNameProblems, qualifiedNameProblems } from '../validation/names.ts'

export function validateEnv(env: readonly EnvVar[], path: string): FieldError[] {
  return env.flatMap((variable, index) => {
    const at = `${path}[${index}]`
    const errors = variable.name
      ? invalids(`${at}.name`, variable.name, envVarNameProblems(variable.name))
      : []
    if (variable.valueFrom) errors.push(...sourceErrors(variable, `${at}.valueFrom`))
    return errors
  })
}

export function validateEnvFrom(sources: readonly EnvFromSource[], path: string): FieldError[] {
  return sources.flatMap((source, index) => {
    const at = `${path}[${index}]`
    const errors = source.prefix
      ? invalids(`${at}.prefix`, source.prefix, envVarNameProblems(source.prefix))
      : []
    if (!source.configMapRef && !source.secretRef)
      errors.push(invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (source.configMapRef && source.secretRef)
      errors.push(invalid(at, '', 'may not have more than one field specified at a time'))
    return errors
  })
}

function sourceErrors({ value, valueFrom = {} }: EnvVar, path: string): FieldError[] {
  const errors: FieldError[] = []
  const count = Object.values(valueFrom).filter((source) => source !== undefined).length
  if (count === 0)
    errors.push(
      invalid(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    )
  else if (value) errors.push(invalid(path, '', 'may not be specified when `value` is not empty'))
  if (count > 1)
    errors.push(invalid(path, '', 'may not have more than one field specified at a time'))
  if (valueFrom.fieldRef)
    errors.push(...fieldRefErrors(valueFrom.fieldRef, `${path}.fieldRef`, envFieldPaths))
  return errors
}

/** What an environment variable may take from its pod. */
export const envFieldPaths: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

/** What a file of a downward API volume may take from its pod. */
export const volumeFieldPaths: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]

export function fieldRefErrors(
  { fieldPath }: ObjectFieldSelector,
  path: string,
  allowed: readonly string[],
): FieldError[] {
  if (!fieldPath) return []
  const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/.exec(fieldPath)
  if (subscript) {
    const key = subscript[2] ?? ''
    return invalids(path, key, qualifiedNameProblems(key.toLowerCase()))
  }
  if (allowed.includes(fieldPath)) return []
  return [notSupported(`${path}.fieldPath`, fieldPath, allowed)]
}
