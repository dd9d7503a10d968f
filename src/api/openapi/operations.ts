import { allDefinitions, type GroupVersionKind } from '../../kinds/schema.ts'
import type { DiscoveredResource } from '../discovery/resources.ts'
import { servedPatchTypes } from '../patch/apply-patch.ts'

/** One operation, before it is written in a dialect. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  readonly action: string
  readonly id: string
  /** Group and version, as client generators sort by them. */
  readonly tag: string
  readonly description: string
  readonly kind: GroupVersionKind
  readonly parameters: readonly Parameter[]
  /** Definition of the body, if there is one. */
  readonly body: string | undefined
  readonly bodyTypes: readonly string[]
  /** Definition of the answer; undefined for text and streams. */
  readonly answer: string | undefined
  readonly codes: readonly number[]
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly type: 'string' | 'integer' | 'boolean'
  readonly description: string
}

export interface PathItem {
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly operations: readonly Operation[]
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
/** Whatever the server reads: JSON, YAML and protobuf. */
const anyTypes = ['*/*']

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({
  name,
  in: 'query',
  type,
  description,
})
const path = (name: string, description: string): Parameter => ({
  name,
  in: 'path',
  type: 'string',
  description,
})

const writeParameters = [
  query('dryRun', 'string', 'All: go through every step but the last, and store nothing.'),
  query('fieldManager', 'string', 'Who makes the change.'),
  query('fieldValidation', 'string', 'What happens to unknown fields: Ignore, Warn or Strict.'),
]
const forceParameter = query('force', 'boolean', 'Take over fields that others manage.')
const listParameters = [
  query('allowWatchBookmarks', 'boolean', 'Send bookmark events with the revision reached.'),
  query('continue', 'string', 'Where the page before ended.'),
  query('fieldSelector', 'string', 'Only objects with these field values.'),
  query('labelSelector', 'string', 'Only objects with these labels.'),
  query('limit', 'integer', 'At most so many objects a page.'),
  query('resourceVersion', 'string', 'How old the answer may be.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'Start a watch with the objects that are there.'),
  query('timeoutSeconds', 'integer', 'When the server ends the call.'),
  query('watch', 'boolean', 'Stream changes instead of a list.'),
]
const pretty = query('pretty', 'string', 'Lay the answer out for people: true or false.')
const deleteParameters = [
  query('dryRun', 'string', 'All: store nothing.'),
  query('gracePeriodSeconds', 'integer', 'How long the object may take to end.'),
  query('orphanDependents', 'boolean', 'Superseded by propagationPolicy.'),
  query('propagationPolicy', 'string', 'Orphan, Background or Foreground.'),
]

/** Definitions by the group, version and kind that they are of. */
const definitionNames = new Map(
  allDefinitions().flatMap((one) =>
    one.kinds.map(({ group, version, kind }) => [`${group}/${version}/${kind}`, one.name]),
  ),
)

/** Custom kinds have no definition in the table: their schemas are named by their group, reversed. */
function definitionName(kind: GroupVersionKind & { isCustom?: boolean }): string | undefined {
  const known = definitionNames.get(`${kind.group}/${kind.version}/${kind.kind}`)
  return known ?? (kind.isCustom ? customName(kind) : undefined)
}

/** `com.example.v1.Widget` (apiextensions-apiserver pkg/controller/openapi/builder). */
export function customName({ group, version, kind }: GroupVersionKind): string {
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`
}

/** Every path of a resource and what may be done there. */
export function pathsOf(resource: DiscoveredResource): PathItem[] {
  const { group, version, namespaced } = resource
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const scope = namespaced ? `${root}/namespaces/{namespace}` : root
  const namespace = namespaced ? [path('namespace', 'The namespace that holds it.')] : []
  const isCustom = resource.custom !== undefined
  const kind = { group, version, kind: resource.kind, isCustom, namespaced }
  const named = [path('name', `Name of the ${resource.kind}.`), ...namespace, pretty]
  const collection = `${scope}/${resource.resource}`
  const items: PathItem[] = [
    {
      path: collection,
      parameters: [...namespace, pretty],
      operations: collectionOperations(resource, kind),
    },
    {
      path: `${collection}/{name}`,
      parameters: named,
      operations: itemOperations(resource.verbs, kind, kind, ''),
    },
    ...resource.subresources.map((sub) => ({
      path: `${collection}/{name}/${sub.name}`,
      parameters: named,
      operations: itemOperations(
        sub.verbs,
        sub.group === ''
          ? { ...kind, kind: sub.kind }
          : { group: sub.group, version: sub.version, kind: sub.kind },
        kind,
        sub.name,
      ),
    })),
  ]
  if (namespaced && resource.verbs.includes('list'))
    items.push({
      path: `${root}/${resource.resource}`,
      parameters: [pretty],
      operations: [listOperation(kind, 'ForAllNamespaces')],
    })
  return items.filter((item) => item.operations.length > 0)
}

function collectionOperations(resource: DiscoveredResource, kind: GroupVersionKind): Operation[] {
  const operations: Operation[] = []
  if (resource.verbs.includes('list')) operations.push(listOperation(kind, ''))
  if (resource.verbs.includes('create'))
    operations.push(writeOperation('post', 'create', 'Creates', kind, kind, ''))
  if (resource.verbs.includes('deletecollection'))
    operations.push({
      ...deleteOperation('deletecollection', kind, kind, ''),
      parameters: [...deleteParameters, ...listParameters],
    })
  return operations
}

function itemOperations(
  verbs: readonly string[],
  kind: GroupVersionKind,
  parent: GroupVersionKind,
  subresource: string,
): Operation[] {
  const operations: Operation[] = []
  if (verbs.includes('get')) operations.push(readOperation(kind, parent, subresource))
  if (verbs.includes('update'))
    operations.push(writeOperation('put', 'update', 'Replaces', kind, parent, subresource))
  if (verbs.includes('patch')) operations.push(patchOperation(kind, parent, subresource))
  if (verbs.includes('delete'))
    operations.push(deleteOperation('delete', kind, parent, subresource))
  if (subresource !== '' && verbs.includes('create'))
    operations.push(writeOperation('post', 'create', 'Creates', kind, parent, subresource))
  return operations
}

function listOperation(kind: GroupVersionKind, suffix: string): Operation {
  const list = definitionName({ ...kind, kind: `${kind.kind}List` })
  return operation('get', 'list', 'Lists or watches', kind, kind, suffix, {
    parameters: listParameters,
    answer: list,
  })
}

function readOperation(kind: GroupVersionKind, parent: GroupVersionKind, subresource: string) {
  const isText = subresource === 'log' || kind.kind.endsWith('Options')
  return operation('get', 'get', 'Reads', kind, parent, subresource, {
    answer: isText ? undefined : definitionName(kind),
  })
}

function writeOperation(
  method: 'post' | 'put',
  action: string,
  verb: string,
  kind: GroupVersionKind,
  parent: GroupVersionKind,
  subresource: string,
): Operation {
  const name = definitionName(kind)
  return operation(method, action, verb, kind, parent, subresource, {
    parameters: name === undefined ? [] : writeParameters,
    body: name,
    bodyTypes: anyTypes,
    answer: name,
    codes: method === 'post' ? [201] : [200, 201],
  })
}

function patchOperation(kind: GroupVersionKind, parent: GroupVersionKind, subresource: string) {
  return operation('patch', 'patch', 'Changes parts of', kind, parent, subresource, {
    parameters: [...writeParameters, forceParameter],
    body: `${meta}.Patch`,
    // kubectl reads here which patch to send.
    bodyTypes: servedPatchTypes('isCustom' in parent && parent.isCustom === true),
    answer: definitionName(kind),
  })
}

function deleteOperation(
  action: 'delete' | 'deletecollection',
  kind: GroupVersionKind,
  parent: GroupVersionKind,
  subresource: string,
): Operation {
  return operation('delete', action, 'Deletes', kind, parent, subresource, {
    parameters: deleteParameters,
    body: `${meta}.DeleteOptions`,
    bodyTypes: anyTypes,
    answer: `${meta}.Status`,
  })
}

/** How names of operations begin, where Kubernetes has another word than the verb. */
const beginnings: ReadonlyMap<string, string> = new Map([
  ['get', 'read'],
  ['update', 'replace'],
  ['deletecollection', 'delete'],
])
/** Verbs as operations call them. */
const actions: ReadonlyMap<string, string> = new Map([
  ['create', 'post'],
  ['update', 'put'],
])
/** Subresources that are a connection to something else. */
const connections: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward', 'proxy'])

/** The group as names have it: `RbacAuthorization` for rbac.authorization.k8s.io. */
function groupWords(group: string): string {
  if (group === '') return 'Core'
  return group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map(capital)
    .join('')
}

function operation(
  method: Operation['method'],
  verb: string,
  does: string,
  kind: GroupVersionKind,
  parent: GroupVersionKind & { readonly namespaced?: boolean },
  suffix: string,
  more: Partial<Operation>,
): Operation {
  const words = groupWords(parent.group)
  const ofAll = suffix === 'ForAllNamespaces'
  const isConnection = connections.has(suffix)
  const action = isConnection ? 'connect' : verb
  const id = [
    beginnings.get(action) ?? action,
    ...[words, capital(parent.version)],
    isConnection ? capital(method) : '',
    verb === 'deletecollection' ? 'Collection' : '',
    parent.namespaced && !ofAll ? 'Namespaced' : '',
    ...[parent.kind, capital(suffix)],
  ]
  return {
    method,
    action: actions.get(action) ?? action,
    id: id.join(''),
    tag: `${words.charAt(0).toLowerCase()}${words.slice(1)}_${parent.version}`,
    description: `${does} ${suffix === '' || ofAll ? '' : `${suffix} of a `}${parent.kind}.`,
    kind,
    parameters: [],
    body: undefined,
    bodyTypes: [],
    answer: undefined,
    codes: [200],
    ...more,
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
