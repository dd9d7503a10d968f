import type { ApiResponse } from '../../client/transport.ts'
import { fieldAt } from '../../kinds/apiextensions/custom-kind.ts'
import { scaleKind } from '../../kinds/autoscaling/scale.ts'
import { decodeJson } from '../../kinds/decode-json.ts'
import { parseStored } from '../../kinds/encode.ts'
import type { AnyObject, FieldError, Kind, ScaleFields } from '../../kinds/kind.ts'
import { selectorOf, selectorOfMap } from '../../kinds/selector.ts'
import {
  isObject,
  type JsonObject,
  member,
  setMember,
} from '../../kinds/structural/schema-props.ts'
import type { LabelSelector } from '../../kinds/types.ts'
import { nonNegative } from '../../kinds/validation/numbers.ts'
import { admitPart } from '../admission/part-objects.ts'
import { appliedTo, applyType, refuseUndeclared, requiredManager } from '../apply/handle-apply.ts'
import { conflict, groupVersion, invalidKind } from '../errors.ts'
import { applyPatch, requirePatchType } from '../patch/apply-patch.ts'
import { representationAs } from '../representation.ts'
import { isTrue } from '../request-info.ts'
import { bytesResponse } from '../responses.ts'
import { getRecord } from './get.ts'
import {
  bodyOf,
  checkPlace,
  checkType,
  contentTypeOf,
  decodeText,
  isDryRun,
  readBody,
  requireName,
  yamlBodyOf,
} from './request-body.ts'
import type { ResourceContext } from './resource-context.ts'
import { changeObject } from './update.ts'
import { timestamp, type Written } from './write-object.ts'

const scaleDefinition = 'io.k8s.api.autoscaling.v1.Scale'
const scaleVersion = 'autoscaling/v1'

interface ScaledSpec {
  replicas?: number
  /** A plain map in replication controllers. */
  selector?: LabelSelector | Record<string, string>
}

/** GET, PUT and PATCH of /scale: spec.replicas of a workload, seen as a Scale. */
export async function handleScale(context: ResourceContext): Promise<ApiResponse> {
  const representation = representationAs(context, scaleKind)
  const shown = (object: AnyObject) => {
    const bytes = representation.value(scaleOf(context.kind, object))
    return bytesResponse(200, [bytes], representation.contentType)
  }
  const { verb } = context.info
  if (verb === 'get') return shown(context.shared.parsed.get(await getRecord(context)))
  if (verb === 'patch' && contentTypeOf(context) === applyType)
    return shown(objectOf(await applyScale(context)))
  const asked = askedScale(context)
  const dryRun = isDryRun(context)
  const written = await changeObject(context, {
    ...{ part: 'main', dryRun },
    next: async (current) => {
      const old = scaleOf(context.kind, current)
      const scale = await admitPart(context, asked(old), { part: 'scale', dryRun, old })
      return rescaled(context, current, scale)
    },
  })
  return shown(objectOf(written))
}

function objectOf(written: Written): AnyObject {
  return 'stored' in written ? parseStored(written.stored.value) : written.object
}

/**
 * Server-side apply to a Scale: one to the replicas of its object, owned by way of this subresource
 * (apimachinery pkg/util/managedfields/scalehandler.go).
 */
async function applyScale(context: ResourceContext): Promise<Written> {
  const { kind, info, options } = context
  const dryRun = isDryRun(context)
  const applier = {
    manager: requiredManager(context),
    subresource: info.subresource,
    force: isTrue(info.query.get('force')),
    time: timestamp(options.clock.wallMs()),
  }
  const scale = appliedScale(context)
  const applied = parentOf(kind, scale)
  return await changeObject(context, {
    ...{ part: 'main', dryRun, ownsFields: true },
    next: async (current) => {
      const object = await appliedTo(context, current, applied, applier)
      const { resourceVersion } = scale.metadata
      if (resourceVersion) object.metadata.resourceVersion = resourceVersion
      const [asked, old] = [scaleOf(kind, object), scaleOf(kind, current)]
      return rescaled(
        context,
        object,
        await admitPart(context, asked, { part: 'scale', dryRun, old }),
      )
    },
  })
}

function appliedScale(context: ResourceContext): AnyObject {
  const { info, kind } = context
  const { json } = yamlBodyOf(context)
  const { object, warnings } = decodeJson(scaleDefinition, json, 'Warn')
  refuseUndeclared(scaleKind, info, warnings)
  checkType(object, { kind: 'Scale', apiVersions: [scaleVersion] })
  checkPlace(kind, object, info.namespace, info.name)
  return object
}

/** The object as far as a Scale speaks about it. */
function parentOf(kind: Kind, { metadata, ...scale }: AnyObject): AnyObject {
  const { name, namespace } = metadata
  const head = { apiVersion: groupVersion(kind), kind: kind.kind, metadata: { name, namespace } }
  const { replicas } = (scale['spec'] ?? {}) as ScaledSpec
  if (replicas === undefined) return head
  if (!kind.custom?.scale) return { ...head, spec: { replicas } }
  const parent: AnyObject = head
  setField(parent, kind.custom.scale.specReplicas, replicas)
  return parent
}

/** The Scale that a body asks for, given the current one. */
function askedScale(context: ResourceContext): (current: AnyObject) => AnyObject {
  if (context.info.verb === 'update') {
    const scale = readBody(context, {
      definition: scaleDefinition,
      kind: 'Scale',
      apiVersions: [scaleVersion],
    })
    requireName(scale, context.info.name)
    checkPlace(context.kind, scale, context.info.namespace, context.info.name)
    return () => scale
  }
  const body = bodyOf(context)
  const type = requirePatchType(context.kind, contentTypeOf(context))
  return (current) => {
    const result = applyPatch(context.kind, current, type, body)
    const scale = decodeText(context, scaleDefinition, Buffer.from(JSON.stringify(result)))
    requireName(scale, context.info.name)
    checkPlace(context.kind, scale, context.info.namespace, context.info.name)
    return scale
  }
}

function rescaled(context: ResourceContext, object: AnyObject, scale: AnyObject): AnyObject {
  const { name = '', uid, resourceVersion } = object.metadata
  const asked = scale.metadata
  const errors = scaleErrors(scale)
  if (errors.length > 0) throw invalidKind('Scale', 'autoscaling', name, errors)
  if (asked.uid && asked.uid !== uid) throw conflict(context.kind, name, 'the uid has changed')
  if (asked.resourceVersion) object.metadata.resourceVersion = asked.resourceVersion
  else object.metadata.resourceVersion = resourceVersion
  const { replicas = 0 } = (scale['spec'] as ScaledSpec | undefined) ?? {}
  const fields = context.kind.custom?.scale
  if (fields) setField(object, fields.specReplicas, replicas)
  else object['spec'] = { ...(object['spec'] as ScaledSpec), replicas }
  return object
}

function scaleErrors(scale: AnyObject): FieldError[] {
  const replicas = (scale['spec'] as ScaledSpec | undefined)?.replicas ?? 0
  return nonNegative(replicas, 'spec.replicas')
}

/** Sets a field, and makes what leads to it. The path comes from a checked definition. */
function setField(object: AnyObject, names: readonly string[], value: unknown): void {
  let at: JsonObject = object
  for (const name of names.slice(0, -1)) {
    const below = member(at, name)
    if (!isObject(below)) setMember(at, name, Object.create(null))
    at = member(at, name) as JsonObject
  }
  setMember(at, names.at(-1) ?? '', value)
}

function customScaleOf(object: AnyObject, fields: ScaleFields): Pick<AnyObject, 'spec' | 'status'> {
  const count = (names: readonly string[]) => {
    const value = fieldAt(object, names)
    return typeof value === 'number' ? value : 0
  }
  const selector = fields.labelSelector && fieldAt(object, fields.labelSelector)
  return {
    spec: { replicas: count(fields.specReplicas) },
    status: {
      replicas: count(fields.statusReplicas),
      ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
    },
  }
}

function scaleOf({ custom }: Kind, object: AnyObject): AnyObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const head = {
    apiVersion: scaleVersion,
    kind: 'Scale',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
  }
  if (custom?.scale) return { ...head, ...customScaleOf(object, custom.scale) }
  const spec = object['spec'] as ScaledSpec | undefined
  const status = object['status'] as { replicas?: number } | undefined
  return {
    ...head,
    spec: { replicas: spec?.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, selector: selectorText(object, spec?.selector) },
  }
}

function selectorText({ kind }: AnyObject, selector: ScaledSpec['selector']): string {
  return kind === 'ReplicationController'
    ? selectorOfMap(selector as Record<string, string> | undefined).text
    : selectorOf(selector as LabelSelector | undefined).text
}
