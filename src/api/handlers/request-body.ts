import { limits } from '../../base/limits.ts'
import { decodeCustom } from '../../kinds/apiextensions/decode-custom.ts'
import { nestsDeeper } from '../../kinds/codec/json-depth.ts'
import { type Decoded, decodeJson, type FieldValidation } from '../../kinds/decode-json.ts'
import { decodeProtobuf } from '../../kinds/decode-protobuf.ts'
import type { AnyObject, Kind } from '../../kinds/kind.ts'
import { invalid as invalidField } from '../../kinds/validation/field-error.ts'
import type { HandlerContext, RequestInfo } from '../context.ts'
import {
  badRequest,
  bodyTooLarge,
  groupVersion,
  invalidKind,
  unsupportedMediaType,
  wrongKind,
} from '../errors.ts'
import { lostIntegerOf, readYaml, repeatedProblems, type YamlBody } from '../patch/yaml-body.ts'
import type { ResourceContext } from './resource-context.ts'

export const bodyTypes = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
] as const

/** What a body is to be read as. */
export interface BodyKind {
  readonly definition: string
  readonly kind: string
  /** Accepted values of apiVersion; the first one is filled in where the body has none. */
  readonly apiVersions: readonly string[] | 'any'
}

/** The media type of the body, without parameters. A body without one is JSON. */
export function contentTypeOf(context: HandlerContext): string {
  const header = context.request.headers.get('content-type') ?? ''
  const type = header.split(';')[0]?.trim().toLowerCase() ?? ''
  return type === '' ? 'application/json' : type
}

/** Throws RequestEntityTooLarge past the limit, BadRequest for JSON that is nested without end. */
export function bodyOf(context: HandlerContext): Uint8Array {
  const body = context.request.body ?? new Uint8Array(0)
  if (body.length > limits.bodyBytesMax) throw bodyTooLarge()
  // Shorter ones are parsed in no time, however deep.
  const mayBeDeep = body.length > limits.jsonDepthLookedAtBytesMin
  if (
    mayBeDeep &&
    contentTypeOf(context).includes('json') &&
    nestsDeeper(body, limits.jsonParsedDepthMax)
  )
    throw badRequest(
      `json: exceeded max depth: ${limits.jsonParsedDepthMax} lists and objects in another`,
    )
  if (contentTypeOf(context).includes('json')) warnOfLost(context, lostIntegerOf(body))
  return body
}

/** The body of a write as YAML, of which JSON is a part. Throws as `bodyOf` and `readYaml` do. */
export function yamlBodyOf(context: HandlerContext): YamlBody {
  const body = readYaml(bodyOf(context))
  warnOfLost(context, body.lostInteger)
  return body
}

/** Kubernetes keeps integers of 64 bits. Here one beyond 2^53 may become another, which is not to pass unsaid. */
function warnOfLost(context: HandlerContext, digits: string | undefined): void {
  if (digits === undefined) return
  const warning =
    `the integer ${digits} is beyond 2^53 and is kept as ${Number(digits)}: ` +
    'a text holds all of its digits'
  if (!context.warnings.includes(warning)) context.warnings.push(warning)
}

/**
 * Reads the body of a write as an object of the resource's kind. Unknown and duplicate fields are
 * refused, warned about or dropped as `fieldValidation` says. Throws BadRequest and
 * UnsupportedMediaType.
 */
export function readObject(context: ResourceContext): AnyObject {
  const { kind } = context
  const expected = { kind: kind.kind, apiVersions: [groupVersion(kind)] }
  const object = kind.custom
    ? readCustom(context, expected)
    : readBody(context, { ...expected, definition: kind.definition })
  object.metadata ??= {}
  return object
}

/** As `readObject`, for kinds that are not stored. */
export function readBody(context: HandlerContext, expected: BodyKind): AnyObject {
  const bytes = bodyOf(context)
  const type = contentTypeOf(context)
  if (bytes.length === 0) throw emptyBody(expected.kind)
  const object = decodeAs(context, type, bytes, expected)
  checkType(object, expected)
  return object
}

/** There is no protobuf of what has no definition. */
function readCustom(context: ResourceContext, expected: Omit<BodyKind, 'definition'>): AnyObject {
  const bytes = bodyOf(context)
  const type = contentTypeOf(context)
  if (type !== 'application/json' && type !== 'application/yaml')
    throw unsupportedMediaType(bodyTypes)
  const isYaml = type === 'application/yaml' && bytes.length > 0
  const { json, repeated } = isYaml ? yamlBodyOf(context) : { json: bytes, repeated: [] }
  const object = decodeObject(context, json, repeated)
  checkType(object, expected)
  return object
}

function emptyBody(kind: string): Error {
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; ` +
      'json parse error: unexpected end of JSON input (<empty>)',
  )
}

/**
 * JSON into an object of the resource's kind, as strictly as the request asks; `repeated` are keys that the
 * YAML it was had twice.
 */
export function decodeObject(
  context: ResourceContext,
  bytes: Uint8Array,
  repeated: readonly string[] = [],
): AnyObject {
  const { kind } = context
  const validation = fieldValidationOf(context)
  const known = repeatedProblems(repeated, validation === 'Strict')
  const { object, warnings } = decodeOfKind(kind, bytes, validation, known)
  checkCustomKind(kind, object)
  context.warnings.push(...warnings)
  return object
}

/** A custom resource of another kind is an invalid one of that kind (registry/customresource/validator.go). */
export function checkCustomKind({ custom, group, kind }: Kind, object: AnyObject): void {
  const sent = object.kind ?? ''
  if (!custom || sent === kind) return
  throw invalidKind(sent, group, object.metadata.name ?? '', [
    invalidField('kind', sent, `must be ${kind}`),
  ])
}

/** Throws BadRequest for an object that has lost its name (apiserver pkg/endpoints/handlers/rest.go). */
export function requireName({ metadata }: AnyObject, name: string): void {
  if (metadata.name) return
  throw badRequest(
    `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
  )
}

/** JSON into an object of a kind. Throws BadRequest. */
export function decodeOfKind(
  kind: Kind,
  bytes: Uint8Array,
  validation: FieldValidation,
  known: readonly string[] = [],
): Decoded {
  return kind.custom
    ? decodeCustom(kind, bytes, validation, known)
    : decodeJson(kind.definition, bytes, validation, known)
}

function decodeAs(
  context: HandlerContext,
  type: string,
  bytes: Uint8Array,
  { definition }: BodyKind,
): AnyObject {
  if (type === 'application/vnd.kubernetes.protobuf')
    return decodeProtobuf(definition, bytes).object
  if (type === 'application/json') return decodeText(context, definition, bytes)
  if (type === 'application/yaml') {
    const { json, repeated } = yamlBodyOf(context)
    return decodeText(context, definition, json, repeated)
  }
  throw unsupportedMediaType(bodyTypes)
}

/** JSON into an object of `definition`, as strictly as the request asks. */
export function decodeText(
  context: HandlerContext,
  definition: string,
  bytes: Uint8Array,
  repeated: readonly string[] = [],
): AnyObject {
  const validation = fieldValidationOf(context)
  const known = repeatedProblems(repeated, validation === 'Strict')
  const { object, warnings } = decodeJson(definition, bytes, validation, known)
  context.warnings.push(...warnings)
  return object
}

export function fieldValidationOf({ info }: HandlerContext): FieldValidation {
  const text = info.query.get('fieldValidation') ?? ''
  if (text === '') return 'Warn'
  if (text === 'Strict' || text === 'Warn' || text === 'Ignore') return text
  throw unsupportedOption(info, 'fieldValidation', text, ['', 'Ignore', 'Strict', 'Warn'])
}

/** apiVersion and kind may be left out; what is there must fit the path. */
export function checkType(object: AnyObject, expected: Omit<BodyKind, 'definition'>): void {
  const { apiVersion, kind } = object
  const apiVersions = expected.apiVersions === 'any' ? ['v1'] : expected.apiVersions
  const versionFits =
    !apiVersion || expected.apiVersions === 'any' || apiVersions.includes(apiVersion)
  if (!versionFits || (kind && kind !== expected.kind))
    throw wrongKind(`${kind || '?'} in version "${apiVersion ?? ''}"`, { ...expected, apiVersions })
  object.apiVersion = apiVersion || (apiVersions[0] ?? '')
  object.kind = expected.kind
}

/**
 * True for `dryRun=All`, in the query or among the `more` that a body holds; throws Invalid for any
 * other value.
 */
export function isDryRun({ info }: HandlerContext, more: readonly string[] = []): boolean {
  // What a body says of it are options of a deletion, an eviction's too.
  checkDryRun({ verb: 'delete' }, more)
  const values = [...more, ...info.query.getAll('dryRun')]
  checkDryRun(info, values)
  return values.includes('All')
}

function checkDryRun(info: Pick<RequestInfo, 'verb'>, values: readonly string[]): void {
  if (values.some((value) => value !== 'All'))
    throw unsupportedOption(info, 'dryRun', values, ['All'])
}

const optionsOfVerb: ReadonlyMap<string, string> = new Map([
  ['create', 'CreateOptions'],
  ['update', 'UpdateOptions'],
  ['patch', 'PatchOptions'],
])

/** The kind of options that a write of this verb takes. */
export function optionsKindOf(verb: string): string {
  return optionsOfVerb.get(verb) ?? 'DeleteOptions'
}

/** A value of a write's options that is none of those allowed (apimachinery meta/v1/validation). */
function unsupportedOption(
  { verb }: Pick<RequestInfo, 'verb'>,
  field: string,
  value: string | readonly string[],
  supported: readonly string[],
): Error {
  const list = supported.map((one) => JSON.stringify(one)).join(', ')
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`
  return invalidKind(optionsKindOf(verb), 'meta.k8s.io', '', [
    { type: 'FieldValueNotSupported', field, message },
  ])
}

/** The object's name and namespace must be those of the path (endpoints/handlers/rest.go). */
export function checkPlace(kind: Kind, object: AnyObject, namespace: string, name: string): void {
  const { metadata } = object
  if (name !== '') {
    if (metadata.name && metadata.name !== name)
      throw badRequest(
        `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
      )
    metadata.name = name
  }
  if (!kind.namespaced) {
    metadata.namespace = undefined
    return
  }
  if (metadata.namespace && metadata.namespace !== namespace)
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  metadata.namespace = namespace
}
