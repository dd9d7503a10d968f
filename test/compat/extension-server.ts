import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'

/**
 * An extension API server in a process of its own, as small as one can be: group zoo.example.com/v1 with animals,
 * kept in memory; discovery, OpenAPI 2 and 3, create, get, list, watch, delete. It believes only the front proxy.
 * Arguments: a file with its certificate and key, and the front proxy's authority. Prints its port.
 */
interface Animal {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace: string
    uid: string
    resourceVersion: string
    creationTimestamp: string
  }
  spec?: { legs?: number }
}

const group = 'zoo.example.com'
const base = `/apis/${group}/v1`
const gvk = { group, version: 'v1', kind: 'Animal' }
const animals = new Map<string, Animal>()
const watchers = new Set<{ response: ServerResponse; matches: (animal: Animal) => boolean }>()
let revision = 100

const [tlsFile = ''] = process.argv.slice(2)
const tls = JSON.parse(readFileSync(tlsFile, 'utf8')) as { cert: string; key: string; ca: string }

const resources = [
  {
    ...{ name: 'animals', singularName: 'animal', namespaced: true, kind: 'Animal' },
    ...{ verbs: ['create', 'delete', 'get', 'list', 'watch'], shortNames: ['an'] },
  },
]
const schema = {
  type: 'object',
  description: 'An animal of the zoo.',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec: {
      type: 'object',
      description: 'What it looks like.',
      properties: { legs: { type: 'integer', description: 'How many legs it has.' } },
    },
  },
  'x-kubernetes-group-version-kind': [gvk],
}
const itemPath = `${base}/namespaces/{namespace}/animals/{name}`
const definition = 'com.example.zoo.v1.Animal'
const operation = (reference: string) => ({
  ...{ operationId: 'readAnimal', 'x-kubernetes-action': 'get' },
  'x-kubernetes-group-version-kind': gvk,
  responses: {
    '200': reference.startsWith('#/components')
      ? { description: 'OK', content: { 'application/json': { schema: { $ref: reference } } } }
      : { description: 'OK', schema: { $ref: reference } },
  },
})
const fieldValidation = { name: 'fieldValidation', in: 'query', schema: { type: 'string' } }
const openApi3 = {
  openapi: '3.0.0',
  info: { title: 'zoo', version: 'v1' },
  paths: {
    [itemPath]: {
      get: operation(`#/components/schemas/${definition}`),
      patch: {
        ...operation(`#/components/schemas/${definition}`),
        ...{
          operationId: 'patchAnimal',
          'x-kubernetes-action': 'patch',
          parameters: [fieldValidation],
        },
      },
    },
  },
  components: { schemas: { [definition]: schema } },
}
const openApi2 = {
  swagger: '2.0',
  info: { title: 'zoo', version: 'v1' },
  paths: { [itemPath]: { get: operation(`#/definitions/${definition}`) } },
  definitions: { [definition]: schema, 'com.example.zoo.v1.Unused': { type: 'object' } },
}

const documents: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  [base, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/v1`, resources }],
  ['/openapi/v2', openApi2],
  [`/openapi/v3${base}`, openApi3],
])

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function failure(response: ServerResponse, code: number, reason: string, name: string): void {
  const message = `animals.${group} "${name}" ${reason === 'NotFound' ? 'not found' : 'is there'}`
  const details = { name, group, kind: 'animals' }
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' }
  send(response, code, { ...status, message, reason, details, code })
}

function changed(type: string, animal: Animal): void {
  const line = `${JSON.stringify({ type, object: animal })}\n`
  for (const { response, matches } of watchers) if (matches(animal)) response.write(line)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function list(url: URL, namespace: string, response: ServerResponse): void {
  const name = /^metadata\.name=(.+)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1]
  const matches = ({ metadata }: Animal) =>
    (namespace === '' || metadata.namespace === namespace) &&
    (name === undefined || metadata.name === name)
  const items = [...animals.values()].filter(matches)
  if (url.searchParams.get('watch') === null) {
    const metadata = { resourceVersion: String(revision) }
    send(response, 200, { apiVersion: `${group}/v1`, kind: 'AnimalList', metadata, items })
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.flushHeaders()
  const from = Number(url.searchParams.get('resourceVersion') ?? '0')
  const watcher = { response, matches }
  for (const animal of items)
    if (Number(animal.metadata.resourceVersion) > from)
      response.write(`${JSON.stringify({ type: 'ADDED', object: animal })}\n`)
  if (url.searchParams.get('sendInitialEvents') === 'true') {
    const annotations = { 'k8s.io/initial-events-end': 'true' }
    const metadata = { resourceVersion: String(revision), annotations }
    const object = { apiVersion: `${group}/v1`, kind: 'Animal', metadata }
    response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`)
  }
  watchers.add(watcher)
  response.once('close', () => watchers.delete(watcher))
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://zoo')
  const document = documents.get(url.pathname)
  if (document) return send(response, 200, document)
  const place = /^\/apis\/zoo\.example\.com\/v1(?:\/namespaces\/([^/]+))?\/animals(?:\/([^/]+))?$/
  const [whole, namespace = '', name = ''] = place.exec(url.pathname) ?? []
  if (whole === undefined) return failure(response, 404, 'NotFound', url.pathname)
  if (request.method === 'POST') {
    const animal = JSON.parse(await bodyOf(request)) as Animal
    const key = `${namespace}/${animal.metadata.name}`
    if (animals.has(key)) return failure(response, 409, 'AlreadyExists', animal.metadata.name)
    revision += 1
    const creationTimestamp = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
    const uid = `00000000-0000-0000-0000-${String(revision).padStart(12, '0')}`
    animal.metadata = {
      ...animal.metadata,
      namespace,
      uid,
      creationTimestamp,
      resourceVersion: String(revision),
    }
    animals.set(key, animal)
    changed('ADDED', animal)
    return send(response, 201, animal)
  }
  if (name === '') return list(url, namespace, response)
  const found = animals.get(`${namespace}/${name}`)
  if (!found) return failure(response, 404, 'NotFound', name)
  if (request.method !== 'DELETE') return send(response, 200, found)
  revision += 1
  animals.delete(`${namespace}/${name}`)
  changed('DELETED', {
    ...found,
    metadata: { ...found.metadata, resourceVersion: String(revision) },
  })
  const details = { name, group, kind: 'animals', uid: found.metadata.uid }
  send(response, 200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details,
  })
}

const server = createServer(
  { ...tls, requestCert: true, rejectUnauthorized: true },
  (request, response) => {
    const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject
    if (CN !== 'front-proxy-client') return void response.writeHead(401).end()
    answer(request, response).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
      response.destroy()
    })
  },
)
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
