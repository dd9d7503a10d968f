import { statusError } from '../../base/status.ts'
import { type Definition, elementDefinition, type ScalarType, type ValueType } from '../schema.ts'

/** A body that does not fit its definition; decodeJson and decodeProtobuf put the kind before it. */
export class DecodeProblem extends Error {
  override readonly name = 'DecodeProblem'
  /** As the converter of untyped values says it, which reads what a strategic merge leaves. */
  readonly untyped: string

  constructor(message: string, untyped = message) {
    super(message)
    this.untyped = untyped
  }
}

/** BadRequest in the words of apiserver's transformDecodeError (handlers/rest.go). */
export function undecodable(
  schema: Definition,
  body: unknown,
  problem: string,
  cause?: DecodeProblem,
): Error {
  const { kind, version } = kindAndVersion(schema, body)
  const error = statusError(
    'BadRequest',
    `${kind} in version "${version}" cannot be handled as a ${kind}: ${problem}`,
  )
  error.cause = cause
  return error
}

/** What is wrong with a text that is no JSON, in the words of Go's decoder where they are simple. */
export function jsonProblem(text: string, error: Error): string {
  const { message } = error
  const at = Number(/at position (\d+)/.exec(message)?.[1] ?? Number.NaN)
  if (/^Unexpected end/.test(message) || at >= text.trimEnd().length)
    return 'unexpected end of JSON input'
  if (/^Unexpected non-whitespace/.test(message))
    return `invalid character '${text[at]}' after top-level value`
  return message
}

/** As `undecodable`, for a body that cannot even be asked what kind it is. */
export function unrecognized(kind: string, body: string | Uint8Array, problem: string): Error {
  return statusError(
    'BadRequest',
    `the object provided is unrecognized (must be of type ${kind}): ${problem} (${summary(body)})`,
  )
}

/** What a refusal quotes of a body: the beginning, of what is no JSON object in hexadecimal digits. */
function summary(body: string | Uint8Array): string {
  if (body.length === 0) return '<empty>'
  const more = body.length > shownMax ? ' ...' : ''
  const start = Buffer.from(body.slice(0, shownMax) as string)
  return (start[0] === openObject ? start.toString('utf8') : start.toString('hex')) + more
}

const openObject = 0x7b

/** Characters of a body that a refusal quotes. */
const shownMax = 30

function kindAndVersion(schema: Definition, body: unknown): { kind: string; version: string } {
  const known = schema.kinds[0]
  if (known) return known
  const apiVersion = (body as { apiVersion?: unknown } | undefined)?.apiVersion
  const version = typeof apiVersion === 'string' ? apiVersion.split('/').at(-1) : undefined
  return { kind: schema.shortName, version: version ?? 'v1' }
}

const goScalars: Readonly<Record<ScalarType, string>> = {
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  bytes: '[]uint8',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  fieldsV1: 'v1.FieldsV1',
  raw: 'runtime.RawExtension',
  json: 'v1.JSON',
  schemaOrArray: 'v1.JSONSchemaPropsOrArray',
  schemaOrBool: 'v1.JSONSchemaPropsOrBool',
  schemaOrStrings: 'v1.JSONSchemaPropsOrStringArray',
}

/** The Go type that Kubernetes names in its messages. */
export function goTypeName(type: ValueType): string {
  switch (type.is) {
    case 'scalar':
      return goScalars[type.scalar]
    case 'list':
      return `[]${goTypeName(type.of)}`
    case 'map':
      return `map[string]${goTypeName(type.of)}`
    case 'object':
      return `v1.${elementDefinition(type)?.shortName}`
  }
}
