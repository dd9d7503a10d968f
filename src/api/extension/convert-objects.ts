import { statusError } from '../../base/status.ts'
import type {
  ConversionWebhook,
  DefinitionConversion,
} from '../../kinds/apiextensions/definition-spec.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import { isObject, type JsonObject } from '../../kinds/structural/schema-props.ts'
import { same } from '../../kinds/validation/field-error.ts'
import type { ApiOptions } from '../context.ts'
import { reviewResponse, reviewVersionOf } from './review-version.ts'
import { callWebhook, WebhookCallError } from './webhook-call.ts'

const timeoutMs = 30_000

/**
 * Objects of a custom kind in another of its versions: with strategy None only apiVersion changes, else
 * the webhook converts all at once. May change its arguments. Throws InternalError when it does not
 * (apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go).
 */
export async function convertObjects(
  conversion: DefinitionConversion | undefined,
  objects: readonly AnyObject[],
  version: string,
  options: ApiOptions,
): Promise<readonly AnyObject[]> {
  if (conversion?.strategy !== 'Webhook' || !conversion.webhook?.clientConfig) {
    for (const object of objects) object.apiVersion = version
    return objects
  }
  try {
    return checked(await ask(conversion.webhook, objects, version, options), objects, version)
  } catch (error) {
    if (!(error instanceof WebhookCallError)) throw error
    throw failed(objects[0], version, error.message)
  }
}

async function ask(
  { clientConfig, conversionReviewVersions }: ConversionWebhook,
  objects: readonly AnyObject[],
  desiredAPIVersion: string,
  options: ApiOptions,
): Promise<JsonObject> {
  const uid = options.random.uuid()
  const version = reviewVersionOf(conversionReviewVersions)
  const kind = 'ConversionReview'
  const apiVersion = `apiextensions.k8s.io/${version}`
  const review = { kind, apiVersion, request: { uid, desiredAPIVersion, objects } }
  const answer = await callWebhook(options, clientConfig ?? {}, review, timeoutMs)
  return reviewResponse(answer, { apiVersion, kind, uid, version })
}

function checked(
  response: JsonObject,
  objects: readonly AnyObject[],
  version: string,
): readonly AnyObject[] {
  const [first] = objects
  const result = isObject(response['result']) ? response['result'] : {}
  if (result['status'] !== 'Success')
    throw failed(first, version, String(result['message'] ?? 'the webhook gave no reason'))
  const converted = response['convertedObjects']
  if (!Array.isArray(converted) || converted.length !== objects.length)
    throw failed(
      first,
      version,
      `the webhook returned ${Array.isArray(converted) ? converted.length : 'no'} objects, expected ${objects.length}`,
    )
  return converted.map((one, index) => merged(one, objects[index] as AnyObject, version))
}

/** A webhook may change labels and annotations; the rest of the metadata stays (validateConvertedObject). */
function merged(value: unknown, object: AnyObject, version: string): AnyObject {
  const metadata = isObject(value) && isObject(value['metadata']) ? value['metadata'] : undefined
  if (!isObject(value) || !metadata)
    throw failed(object, version, 'a converted object has no metadata')
  if (value['apiVersion'] !== version || value['kind'] !== object.kind)
    throw failed(
      object,
      version,
      `a converted object is ${String(value['apiVersion'])} ${String(value['kind'])}`,
    )
  for (const field of ['name', 'namespace', 'uid'] as const)
    if (!same(metadata[field], object.metadata[field]))
      throw failed(
        object,
        version,
        `must have the same ${field}: ${String(object.metadata[field])} != ${String(metadata[field])}`,
      )
  const { labels, annotations } = metadata as AnyObject['metadata']
  return { ...value, metadata: { ...object.metadata, labels, annotations } }
}

function failed(object: AnyObject | undefined, version: string, why: string): Error {
  const from = `${object?.apiVersion ?? ''}, Kind=${object?.kind ?? ''}`
  return statusError(
    'InternalError',
    `conversion webhook for ${from} failed: ${why} (to ${version})`,
  )
}
