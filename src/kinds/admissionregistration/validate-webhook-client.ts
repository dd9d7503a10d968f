import type { FieldError } from '../kind.ts'
import { invalid, required } from '../validation/field-error.ts'
import { portNumberErrors } from '../validation/numbers.ts'

/** How admission and conversion webhooks are called. */
interface ClientConfig {
  url?: string | undefined
  service?:
    | { name: string; namespace: string; path?: string | undefined; port?: number | undefined }
    | undefined
}

const urlForm = 'desired format: https://host[/path]'

/** apiserver pkg/util/webhook/validation.go */
export function clientConfigErrors(config: ClientConfig | undefined, path: string): FieldError[] {
  const { url, service } = config ?? {}
  if ((url === undefined) === (service === undefined))
    return [required(path, 'exactly one of url or service is required')]
  if (url !== undefined) return urlErrors(url, `${path}.url`)
  const errors: FieldError[] = []
  if (service?.path !== undefined) errors.push(...pathErrors(service.path, `${path}.service.path`))
  if (service?.port !== undefined)
    errors.push(...portNumberErrors(service.port, `${path}.service.port`))
  return errors
}

function urlErrors(text: string, path: string): FieldError[] {
  const [, scheme = '', authority = '', rest = ''] =
    /^(?:([a-zA-Z][\w+.-]*):)?(?:\/\/([^/?#]*))?(.*)$/s.exec(text) ?? []
  const errors: FieldError[] = []
  if (scheme !== 'https')
    errors.push(invalid(path, scheme, `'https' is the only allowed URL scheme; ${urlForm}`))
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  if (host === '') errors.push(invalid(path, host, `host must be specified; ${urlForm}`))
  if (authority.includes('@'))
    errors.push(invalid(path, text, 'user information is not permitted in the URL'))
  if (rest.includes('#')) errors.push(invalid(path, text, 'fragments are not permitted in the URL'))
  if (rest.includes('?'))
    errors.push(invalid(path, text, 'query parameters are not permitted in the URL'))
  return errors
}

function pathErrors(text: string, path: string): FieldError[] {
  if (text === '/' || text === '') return []
  if (text === '//') return [invalid(path, text, 'segment[0] may not be empty')]
  if (!text.startsWith('/')) return [invalid(path, text, "must start with a '/'")]
  const segments = text.slice(1).replace(/\/$/, '').split('/')
  return segments.flatMap((segment, index) =>
    segment === '' ? [invalid(path, text, `segment[${index}] may not be empty`)] : [],
  )
}
