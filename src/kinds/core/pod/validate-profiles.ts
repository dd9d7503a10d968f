import type { FieldError } from '../../kind.ts'
import type { AppArmorProfile, SeccompProfile } from '../../types.ts'
import { invalid, required } from '../../validation/field-error.ts'
import { localPathErrors } from '../../validation/local-path.ts'

/** What confines processes: a profile of the node's is named, all others are not (pkg/apis/core/validation). */
export function validateProfiles(
  context: {
    readonly seccompProfile?: SeccompProfile | undefined
    readonly appArmorProfile?: AppArmorProfile | undefined
  },
  path: string,
): FieldError[] {
  const { seccompProfile, appArmorProfile } = context
  return [
    ...(seccompProfile ? seccompErrors(seccompProfile, `${path}.seccompProfile`) : []),
    ...(appArmorProfile ? appArmorErrors(appArmorProfile, `${path}.appArmorProfile`) : []),
  ]
}

function seccompErrors(profile: SeccompProfile, path: string): FieldError[] {
  const { type, localhostProfile } = profile
  const at = `${path}.localhostProfile`
  if (type !== 'Localhost')
    return localhostProfile === undefined
      ? []
      : [invalid(at, profile, 'can only be set when seccomp type is Localhost')]
  return localhostProfile === undefined
    ? [required(at, 'must be set when seccomp type is Localhost')]
    : localPathErrors(localhostProfile, at)
}

function appArmorErrors({ type, localhostProfile }: AppArmorProfile, path: string): FieldError[] {
  const at = `${path}.localhostProfile`
  if (type !== 'Localhost')
    return localhostProfile === undefined
      ? []
      : [invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost')]
  if (localhostProfile !== undefined && localhostProfile !== localhostProfile.trim())
    return [invalid(at, localhostProfile, 'must not be padded with whitespace')]
  return localhostProfile ? [] : [required(at, 'must be set when AppArmor type is Localhost')]
}
