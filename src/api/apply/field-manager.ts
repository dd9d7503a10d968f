import type { FieldError } from '../../kinds/kind.ts'
import type { HandlerContext } from '../context.ts'
import { invalidKind } from '../errors.ts'
import { optionsKindOf } from '../handlers/request-body.ts'
import { timestamp } from '../handlers/write-object.ts'
import type { Updater } from './track-update.ts'

const managerBytesMax = 128

/** Who writes, through what and when. */
export function updaterOf(context: HandlerContext): Updater {
  return {
    manager: managerOf(context),
    subresource: context.info.subresource,
    time: timestamp(context.options.clock.wallMs()),
  }
}

/** Who writes: the fieldManager asked for, else the program that the User-Agent names. */
function managerOf({ info, request }: HandlerContext): string {
  const asked = info.query.get('fieldManager') ?? ''
  if (asked !== '') return checkedManager(asked, info.verb)
  const [program = ''] = (request.headers.get('user-agent') ?? '').split('/')
  if (plainProgram.test(program)) return program
  return cut(program.replaceAll(notPrintables, '').trim()) || 'unknown'
}

/** What nearly all programs are called: there is nothing to take away. */
const plainProgram = /^[\w.-]{1,128}$/
const notPrintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u
const notPrintables = new RegExp(notPrintable, 'gu')

/**
 * Throws Invalid for a name that is too long or not printable (apimachinery
 * pkg/apis/meta/v1/validation ValidateFieldManager).
 */
export function checkedManager(manager: string, verb: string): string {
  const errors: FieldError[] = []
  const field = 'fieldManager'
  if (Buffer.byteLength(manager) > managerBytesMax) {
    const message = `Too long: may not be more than ${managerBytesMax} bytes`
    errors.push({ type: 'FieldValueTooLong', field, message })
  }
  const bad = notPrintable.exec(manager)
  if (bad) {
    const code = (bad[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    const why = `invalid character U+${code} (at position ${bad.index})`
    const message = `Invalid value: ${JSON.stringify(cut(manager))}: ${why}`
    errors.push({ type: 'FieldValueInvalid', field, message })
  }
  if (errors.length === 0) return manager
  throw invalidKind(optionsKindOf(verb), 'meta.k8s.io', '', errors)
}

function cut(text: string): string {
  return Buffer.from(text)
    .subarray(0, managerBytesMax)
    .toString('utf8')
    .replace(/\ufffd$/, '')
}
