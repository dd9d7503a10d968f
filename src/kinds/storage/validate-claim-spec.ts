import type { FieldError } from '../kind.ts'
import { parseQuantity } from '../quantity.ts'
import type { PersistentVolumeClaimSpec } from '../types.ts'
import { forbidden, invalid, invalids, notSupported, required } from '../validation/field-error.ts'
import { dns1123SubdomainProblems } from '../validation/names.ts'
import { validateLabelSelector } from '../validation/validate-selector.ts'
import { accessModesSupported } from './access-modes.ts'

/** pkg/apis/core/validation/validation.go: ValidatePersistentVolumeClaimSpec */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const { accessModes = [], selector, resources, storageClassName, dataSource } = spec
  const errors: FieldError[] = []
  if (accessModes.length === 0)
    errors.push(required(`${path}.accessModes`, 'at least 1 access mode is required'))
  errors.push(...validateLabelSelector(selector, `${path}.selector`))
  for (const mode of accessModes)
    if (!accessModesSupported.includes(mode))
      errors.push(notSupported(`${path}.accessModes`, mode, accessModesSupported))
  if (accessModes.includes('ReadWriteOncePod') && accessModes.length > 1)
    errors.push(
      forbidden(`${path}.accessModes`, 'may not use ReadWriteOncePod with other access modes'),
    )
  const storage = resources?.requests?.['storage']
  const at = `${path}.resources[storage]`
  if (storage === undefined) errors.push(required(at))
  else if (parseQuantity(storage).nano <= 0n)
    errors.push(invalid(at, storage, 'must be greater than zero'))
  if (storageClassName)
    errors.push(
      ...invalids(
        `${path}.storageClassName`,
        storageClassName,
        dns1123SubdomainProblems(storageClassName),
      ),
    )
  if (dataSource && !dataSource.apiGroup && dataSource.kind !== 'PersistentVolumeClaim')
    errors.push(
      invalid(
        `${path}.dataSource`,
        dataSource.kind,
        "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
      ),
    )
  return errors
}
