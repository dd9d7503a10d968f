import type { HandlerContext } from '../context.ts'
import { badRequest } from '../errors.ts'

const managerCharactersMax = 128

/** Who writes: the fieldManager asked for, else the program that the User-Agent names. */
export function managerOf({ info, request }: HandlerContext): string {
  const asked = info.query.get('fieldManager') ?? ''
  if (asked !== '') return checkedManager(asked)
  const program = (request.headers.get('user-agent') ?? '').split('/')[0]?.trim() ?? ''
  return program.replace(/[^\x20-\x7e]/g, '').slice(0, managerCharactersMax) || 'unknown'
}

/** Throws BadRequest for a name that is too long or not printable. */
export function checkedManager(manager: string): string {
  if (manager.length > managerCharactersMax || /[^\x20-\x7e]/.test(manager))
    throw badRequest(
      `fieldManager: Invalid value: ${JSON.stringify(manager.slice(0, managerCharactersMax))}: ` +
        `must be printable and no more than ${managerCharactersMax} characters`,
    )
  return manager
}
