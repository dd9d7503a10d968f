import type { ApiResponse } from '../../client/transport.ts'
import { applyDefaults } from '../../kinds/defaults.ts'
import type { AnyObject, Kind } from '../../kinds/kind.ts'
import type { ManagedFieldsEntry } from '../../kinds/types.ts'
import type { Compare, KeyValue } from '../../state/cluster-store.ts'
import { namespaceForContent } from '../admission/namespace-lifecycle.ts'
import { withoutRepeatedOwners } from '../admission/owner-references.ts'
import { updaterOf } from '../apply/field-manager.ts'
import { keepSoundOwners, ownersOfNew } from '../apply/track-update.ts'
import {
  alreadyExists,
  badRequest,
  conflict,
  generatedNameTaken,
  invalid,
  stillGoing,
} from '../errors.ts'
import { bytesResponse } from '../responses.ts'
import { isKeySegment, objectKey } from '../storage-keys.ts'
import { generateName } from './generate-name.ts'
import { encodedToFit, type ObjectStorage } from './object-storage.ts'
import { checkPlace, isDryRun, readObject } from './request-body.ts'
import type { Attributes } from './resource-context.ts'
import { type ResourceContext, representationOf } from './resource-context.ts'
import {
  absent,
  attemptsMax,
  decideFresh,
  putObject,
  timestamp,
  unchanged,
  type Written,
  warnOf,
} from './write-object.ts'

const generatedNameTries = 8

/** POST to a collection (apiserver pkg/endpoints/handlers/create.go, pkg/registry/rest/create.go). */
export async function handleCreate(context: ResourceContext): Promise<ApiResponse> {
  const representation = representationOf(context)
  const dryRun = isDryRun(context)
  const object = readObject(context)
  const written = await createObject(context, object, dryRun)
  const bytes =
    'stored' in written ? representation.one(written.stored) : representation.value(written.object)
  return bytesResponse(201, [bytes], representation.contentType)
}

/**
 * Completes, checks and stores a new object; with `dryRun`, all but the last. Server-side apply brings
 * its own `managedFields`.
 */
export async function createObject(
  context: ResourceContext,
  given: AnyObject,
  dryRun: boolean,
  managedFields?: ManagedFieldsEntry[],
): Promise<Written> {
  const { kind, info, options, shared } = context
  checkPlace(kind, given, info.namespace, info.name)
  // What is no revision is as good as none (storage/etcd3 Create).
  if (/^0*[1-9]\d*$/.test(given.metadata.resourceVersion ?? ''))
    throw badRequest('resourceVersion should not be set on objects to be created')
  const prefix = given.metadata.name ? '' : (given.metadata.generateName ?? '')
  const { storage } = shared
  const encode: Encode = managedFields
    ? (object) => storage.encoded(object)
    : (object) => encodedToFit(storage, object)
  withoutRepeatedOwners(context, given, false)
  const admitted = await mutated(context, begun(context, given, managedFields), dryRun)
  for (let attempt = 1; ; attempt += 1) {
    const object =
      prefix === '' ? admitted : withName(kind, admitted, generateName(options.random, prefix))
    complete(context, object)
    checkNew(context, object)
    warnOf(context, object, undefined)
    await shared.dynamic.validate(creation(context, object, dryRun))
    try {
      return await shared.admission.inTurn(context, () =>
        decideFresh(options.store, () => storeNew(context, object, dryRun, encode)),
      )
    } catch (error) {
      if (prefix === '' || !isTaken(error)) throw error
      if (attempt === generatedNameTries) throw generatedNameTaken(kind, prefix)
    }
  }
}

/** A copy: what is completed with the name in mind must not outlive it. */
function withName(kind: Kind, object: AnyObject, name: string): AnyObject {
  const copy = structuredClone(object)
  copy.metadata.name = name
  // Some of them are of the name.
  applyDefaults(kind, copy)
  return copy
}

/** As its author meant it: with defaults, owned by its author, and nothing that only the server may say. */
function begun(
  context: ResourceContext,
  object: AnyObject,
  managedFields: ManagedFieldsEntry[] | undefined,
): AnyObject {
  const { kind } = context
  const { metadata } = object
  for (const field of serverMetadata) delete metadata[field]
  applyDefaults(kind, object)
  const owners = managedFields ?? ownersOfNew(kind, object, updaterOf(context))
  metadata.managedFields = owners?.length === 0 ? undefined : owners
  return object
}

/** What is wiped off a new object (apiserver pkg/registry/rest/meta.go WipeObjectMetaSystemFields, and generation). */
const serverMetadata = [
  ...(['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const),
  ...(['selfLink', 'resourceVersion', 'generation'] as const),
]

/** What the server adds when everybody has been asked how it is to be. */
function complete(context: ResourceContext, object: AnyObject): void {
  const { kind, options } = context
  const { metadata } = object
  metadata.uid = options.random.uuid()
  metadata.creationTimestamp = timestamp(options.clock.wallMs())
  metadata.generation = kind.countsGeneration ? 1 : undefined
  kind.prepareCreate(object)
  kind.settleCreate?.(object)
}

function creation(context: ResourceContext, object: AnyObject, dryRun: boolean): Attributes {
  return { context, operation: 'CREATE', object, old: undefined, dryRun }
}

/** The object as the cluster's plugins, policies and webhooks leave it: still where the path says. */
async function mutated(
  context: ResourceContext,
  object: AnyObject,
  dryRun: boolean,
): Promise<AnyObject> {
  const { info, kind, options, shared } = context
  const plugins = (one: AnyObject): Promise<void> =>
    decideFresh(options.store, async () => {
      // Nobody else need be asked about what has no place.
      if (kind.namespaced) namespaceForContent(context, one.metadata.name ?? '')
      shared.admission.create(context, one)
    })
  await plugins(object)
  const { managedFields } = object.metadata
  const name = object.metadata.name ?? ''
  const attributes = { ...creation(context, object, dryRun), name }
  const result = await shared.dynamic.mutate(attributes, plugins)
  if (!result || result === object) return object
  checkPlace(kind, result, info.namespace, info.name)
  applyDefaults(kind, result)
  withoutRepeatedOwners(context, result, true)
  for (const field of serverMetadata) delete result.metadata[field]
  keepSoundOwners(result, managedFields, context.warnings)
  return result
}

/** Marks the AlreadyExists that generateName gets around. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && error.reason === 'AlreadyExists'
}

/** Throws Invalid for what the kind refuses. */
function checkNew(context: ResourceContext, object: AnyObject): void {
  const { kind } = context
  const { metadata } = object
  const errors = kind.validateCreate(object)
  if (errors.length > 0) throw invalid(kind, metadata.name ?? '', errors)
  if (!metadata.name || !isKeySegment(metadata.name))
    throw invalid(kind, metadata.name ?? '', [
      {
        type: 'FieldValueRequired',
        field: 'metadata.name',
        message: 'Required value: name or generateName is required',
      },
    ])
}

type Encode = ObjectStorage['encoded']

async function storeNew(
  context: ResourceContext,
  object: AnyObject,
  dryRun: boolean,
  encode: Encode,
): Promise<Written> {
  const { kind, options, info, shared } = context
  const name = object.metadata.name ?? ''
  const key = objectKey(kind, info.namespace, name)
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const guards: Compare[] = [absent(key)]
    if (kind.namespaced) guards.push(unchanged(namespaceForContent(context, name)))
    const existing: KeyValue | undefined = options.store.view.get(key)
    if (existing) {
      const isGoing = shared.parsed.get(existing).metadata.deletionTimestamp !== undefined
      throw isGoing ? stillGoing(kind, name) : alreadyExists(kind, name)
    }
    shared.admission.judge(context, object, undefined)
    const claims = shared.admission.claims(context, object, undefined)
    const encoded = await encode(object)
    if (dryRun) return { object }
    const stored = await putObject(context, key, encoded, {
      compares: [...guards, ...claims.compares],
      operations: claims.operations,
    })
    if (stored) return { stored }
  }
  throw conflict(kind, name, 'it changes too often: try again')
}
