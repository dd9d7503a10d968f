import type { FieldError } from '../kind.ts'
import { parseQuantity } from '../quantity.ts'
import { validateClaimSpec } from '../storage/validate-claim-spec.ts'
import type { DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection } from '../types.ts'
import { duplicate, forbidden, invalid, invalids, required } from '../validation/field-error.ts'
import { localPathErrors } from '../validation/local-path.ts'
import { dns1123LabelProblems } from '../validation/names.ts'
import { validateSource } from './pod/validate-sources.ts'
import { fieldRefErrors, volumeFieldPaths } from './validate-env.ts'

const modeMax = 0o777

/** Names, one source each, and paths that stay inside. */
export function validateVolumes(volumes: readonly Volume[], path: string): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`
    if (volume.name) {
      const problems = dns1123LabelProblems(volume.name)
      errors.push(...invalids(`${at}.name`, volume.name, problems))
      if (problems.length === 0 && names.has(volume.name))
        errors.push(duplicate(`${at}.name`, volume.name))
      names.add(volume.name)
    }
    errors.push(...sourceErrors(volume, at))
  }
  return errors
}

function sourceErrors(volume: Volume, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { name: _name, ...sources } = volume
  const used = Object.entries(sources).filter(([, source]) => source !== undefined)
  if (used.length === 0) errors.push(required(path, 'must specify a volume type'))
  for (const [source] of used.slice(1))
    errors.push(forbidden(`${path}.${source}`, 'may not specify more than 1 volume type'))
  errors.push(...validateSource(volume, path), ...otherErrors(volume, path))
  const { secret, configMap, downwardAPI, projected, hostPath, persistentVolumeClaim } = volume
  if (secret) {
    if (!secret.secretName) errors.push(required(`${path}.secret.secretName`))
    errors.push(...itemErrors(secret.items, `${path}.secret.items`))
    errors.push(...modeErrors(secret.defaultMode, `${path}.secret.defaultMode`))
  }
  if (configMap) {
    if (!configMap.name) errors.push(required(`${path}.configMap.name`))
    errors.push(...itemErrors(configMap.items, `${path}.configMap.items`))
    errors.push(...modeErrors(configMap.defaultMode, `${path}.configMap.defaultMode`))
  }
  if (downwardAPI) {
    errors.push(...downwardErrors(downwardAPI.items, `${path}.downwardAPI.items`))
    errors.push(...modeErrors(downwardAPI.defaultMode, `${path}.downwardAPI.defaultMode`))
  }
  if (projected) {
    errors.push(...modeErrors(projected.defaultMode, `${path}.projected.defaultMode`))
    for (const [index, source] of (projected.sources ?? []).entries())
      errors.push(...projectionErrors(source, `${path}.projected.sources[${index}]`))
  }
  if (hostPath?.path?.split('/').includes('..'))
    errors.push(invalid(`${path}.hostPath.path`, hostPath.path, "must not contain '..'"))
  if (persistentVolumeClaim && !persistentVolumeClaim.claimName)
    errors.push(required(`${path}.persistentVolumeClaim.claimName`))
  return errors
}

function otherErrors({ emptyDir, ephemeral, gitRepo }: Volume, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (emptyDir?.sizeLimit !== undefined && parseQuantity(emptyDir.sizeLimit).nano < 0n)
    errors.push(
      forbidden(`${path}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity'),
    )
  if (gitRepo?.directory)
    errors.push(...localPathErrors(gitRepo.directory, `${path}.gitRepo.directory`))
  if (!ephemeral) return errors
  const at = `${path}.ephemeral.volumeClaimTemplate`
  const template = ephemeral.volumeClaimTemplate
  if (!template) return [...errors, required(at)]
  return [...errors, ...validateClaimSpec(template.spec ?? {}, `${at}.spec`)]
}

const tokenSecondsMin = 600

function projectionErrors(source: VolumeProjection, path: string): FieldError[] {
  const errors: FieldError[] = []
  const used = Object.entries(source).filter(([, value]) => value !== undefined)
  if (used.length === 0) errors.push(required(path, 'must specify a volume type'))
  for (const [name] of used.slice(1))
    errors.push(forbidden(`${path}.${name}`, 'may not specify more than 1 volume type'))
  const { secret, configMap, downwardAPI, serviceAccountToken } = source
  if (secret) {
    if (!secret.name) errors.push(required(`${path}.secret.name`))
    errors.push(...itemErrors(secret.items, `${path}.secret.items`))
  }
  if (configMap) {
    if (!configMap.name) errors.push(required(`${path}.configMap.name`))
    errors.push(...itemErrors(configMap.items, `${path}.configMap.items`))
  }
  if (downwardAPI) errors.push(...downwardErrors(downwardAPI.items, `${path}.downwardAPI.items`))
  if (!serviceAccountToken) return errors
  const { path: file, expirationSeconds: seconds = tokenSecondsMin } = serviceAccountToken
  const at = `${path}.serviceAccountToken`
  if (seconds < tokenSecondsMin)
    errors.push(
      invalid(
        `${at}.expirationSeconds`,
        seconds,
        'may not specify a duration less than 10 minutes',
      ),
    )
  if (file) errors.push(...localPathErrors(file, `${at}.path`))
  return errors
}

function itemErrors(items: readonly KeyToPath[] = [], path: string): FieldError[] {
  return items.flatMap((item, index) => [
    ...(item.path ? localPathErrors(item.path, `${path}[${index}].path`) : []),
    ...modeErrors(item.mode, `${path}[${index}].mode`),
  ])
}

function downwardErrors(items: readonly DownwardAPIVolumeFile[] = [], path: string): FieldError[] {
  return items.flatMap((item, index) => {
    const at = `${path}[${index}]`
    const errors = item.path ? localPathErrors(item.path, at) : []
    if (item.fieldRef && item.resourceFieldRef)
      errors.push(
        invalid(
          at,
          'resource',
          'fieldRef and resourceFieldRef can not be specified simultaneously',
        ),
      )
    else if (item.fieldRef)
      errors.push(...fieldRefErrors(item.fieldRef, `${at}.fieldRef`, volumeFieldPaths))
    else if (!item.resourceFieldRef)
      errors.push(required(at, 'one of fieldRef and resourceFieldRef is required'))
    return [...errors, ...modeErrors(item.mode, `${at}.mode`)]
  })
}

function modeErrors(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= modeMax)) return []
  return [invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
}
