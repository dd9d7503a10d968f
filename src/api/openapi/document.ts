import { definition, type GroupVersionKind } from '../../kinds/schema.ts'
import { versionDocument } from '../discovery/documents.ts'
import type { GroupVersion } from '../discovery/resources.ts'
import { customSchemas } from './custom-schemas.ts'
import { type Operation, type Parameter, type PathItem, pathsOf } from './operations.ts'
import { type Dialect, type Part, reference, schemasOf } from './schemas.ts'

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const patchName = `${meta}.Patch`
const info = { title: 'Kubernetes', version: versionDocument.gitVersion }
/** `meta` bodies that every document names, whether an operation does or not. */
const always = [`${meta}.DeleteOptions`, `${meta}.Status`, `${meta}.WatchEvent`]

/** The OpenAPI 3 document of one group and version. Pure. */
export function openApiV3(own: GroupVersion, served: readonly GroupVersion[]): Part {
  const items = own.resources.flatMap(pathsOf)
  return {
    openapi: '3.0.0',
    info,
    paths: paths(items, 'v3'),
    components: {
      schemas: { ...schemas(items, [own], served, 'v3'), [patchName]: patchSchema },
      securitySchemes: {
        BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' },
      },
    },
  }
}

/** The OpenAPI 2 document of everything served. Pure. */
export function openApiV2(served: readonly GroupVersion[]): Part {
  const items = served.flatMap((one) => one.resources.flatMap(pathsOf))
  return {
    swagger: '2.0',
    info,
    paths: paths(items, 'v2'),
    definitions: { ...schemas(items, served, served, 'v2'), [patchName]: patchSchema },
    securityDefinitions: {
      BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' },
    },
    security: [{ BearerToken: [] }],
  }
}

const patchSchema: Part = {
  description: 'What a PATCH carries; its form depends on the content type.',
  type: 'object',
}

const metadataNames = ['ObjectMeta', 'ListMeta'].map(
  (name) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`,
)

function schemas(
  items: readonly PathItem[],
  own: readonly GroupVersion[],
  served: readonly GroupVersion[],
  dialect: Dialect,
): Part {
  const named = items
    .flatMap((item) => item.operations)
    .flatMap((one) => [one.body, one.answer])
    .filter((name) => name !== undefined && name !== patchName) as string[]
  const custom = customSchemas(own, dialect)
  // What custom resources refer to without an operation that would name it.
  const metadata = Object.keys(custom).length > 0 ? metadataNames : []
  const known = [...new Set([...always, ...metadata, ...named])].filter(
    (name) => !Object.hasOwn(custom, name),
  )
  const standard = schemasOf(known, dialect, (kind): GroupVersionKind[] =>
    served.map(({ group, version }) => ({ group, version, kind })),
  )
  return { ...standard, ...custom }
}

function paths(items: readonly PathItem[], dialect: Dialect): Part {
  return Object.fromEntries(
    items.map((item) => [
      item.path,
      {
        ...Object.fromEntries(
          item.operations.map((one) => [one.method, writtenOperation(one, dialect)]),
        ),
        ...(item.parameters.length > 0
          ? { parameters: item.parameters.map((one) => writtenParameter(one, dialect)) }
          : {}),
      },
    ]),
  )
}

function writtenOperation(operation: Operation, dialect: Dialect): Part {
  const { kind, body } = operation
  const parameters = operation.parameters.map((one) => writtenParameter(one, dialect))
  const v2Body =
    dialect === 'v2' && body !== undefined
      ? [
          {
            name: 'body',
            in: 'body',
            required: isRequired(operation),
            schema: reference(body, 'v2'),
          },
        ]
      : []
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.id,
    ...(dialect === 'v2'
      ? { consumes: consumed(operation), produces: [produced(operation)], schemes: ['https'] }
      : {}),
    ...(parameters.length + v2Body.length > 0 ? { parameters: [...v2Body, ...parameters] } : {}),
    ...(dialect === 'v3' && body !== undefined
      ? { requestBody: requestBody(operation, body) }
      : {}),
    responses: Object.fromEntries([
      ...operation.codes.map((code) => [String(code), writtenAnswer(operation, dialect)]),
      ['401', { description: 'Unauthorized' }],
    ]),
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': {
      group: kind.group,
      kind: kind.kind,
      version: kind.version,
    },
  }
}

function requestBody(operation: Operation, body: string): Part {
  const schema = reference(body, 'v3')
  return {
    content: Object.fromEntries(operation.bodyTypes.map((type) => [type, { schema }])),
    ...(isRequired(operation) ? { required: true } : {}),
  }
}

/** A delete may come without its options. */
function isRequired(operation: Operation): boolean {
  return operation.method !== 'delete'
}

function consumed(operation: Operation): readonly string[] {
  return operation.bodyTypes.length > 0 ? operation.bodyTypes : ['*/*']
}

function produced(operation: Operation): string {
  return operation.answer === undefined ? '*/*' : 'application/json'
}

function writtenAnswer(operation: Operation, dialect: Dialect): Part {
  const { answer } = operation
  const schema = answer === undefined ? { type: 'string' } : reference(answer, dialect)
  if (dialect === 'v2') return { description: 'OK', schema }
  return { description: 'OK', content: { [produced(operation)]: { schema } } }
}

function writtenParameter(parameter: Parameter, dialect: Dialect): Part {
  const { name, description, type } = parameter
  return {
    name,
    in: parameter.in,
    description,
    ...(parameter.in === 'path' ? { required: true } : {}),
    ...(dialect === 'v3' ? { schema: { type, uniqueItems: true } } : { type, uniqueItems: true }),
  }
}

/** Fails at build time of a document, not at a client, when the table lacks one of these. */
for (const name of always) definition(name)
