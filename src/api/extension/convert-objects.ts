import { statusError } from '../../base/status.ts'
import type { DefinitionConversion } from '../../kinds/apiextensions/definition-spec.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import { isObject } from '../../kinds/structural/schema-props.ts'
import { same } from '../../kinds/validation/field-error.ts'
import type { ApiOptions } from '../context.ts'
import { callWebhook } from './webhook-call.ts'

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
  const uid = options.random.uuid()
  const review = {
    kind: 'ConversionReview',
    apiVersion: 'apiextensions.k8s.io/v1',
    request: { uid, desiredAPIVersion: version, objects },
  }
  const { clientConfig } = conversion.webhook
  const [first] = objects
  const answer = await callWebhook(options, clientConfig, review, timeoutMs).catch(
    (error: unknown) => {
      throw failed(first, version, (error as Error).message)
    },
  )
  return checked(answer, { uid, version, objects })
}

interface Asked {
  readonly uid: string
  readonly version: string
  readonly objects: readonly AnyObject[]
}

function checked(answer: unknown, { uid, version, objects }: Asked): readonly AnyObject[] {
  const [first] = objects
  const response = isObject(answer) && isObject(answer['response']) ? answer['response'] : undefined
  if (!response || response['uid'] !== uid)
    throw failed(first, version, `expected response.uid=${JSON.stringify(uid)}`)
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
