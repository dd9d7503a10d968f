import { stringify as yamlStringify } from 'yaml'
import type { Status } from '../../base/status.ts'
import { inEnvelope, protobufMessage } from '../../kinds/encode-protobuf.ts'
import type { Format } from '../negotiate.ts'

const statusDefinition = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status'

/** A value in JSON or YAML. */
export function textAs(format: 'json' | 'yaml', value: unknown): Uint8Array {
  return Buffer.from(format === 'yaml' ? toYaml(value) : JSON.stringify(value))
}

/** An object that is no part of the store, of a definition of the schema table, in any form. */
export function encodedAs(
  format: Format,
  definition: string,
  object: { readonly apiVersion?: string; readonly kind?: string },
): Uint8Array {
  if (format !== 'protobuf') return textAs(format, object)
  const { apiVersion = '', kind = '' } = object
  return inEnvelope({ apiVersion, kind }, protobufMessage(definition, object))
}

export function statusAs(format: Format, status: Status): Uint8Array {
  return encodedAs(format, statusDefinition, status)
}

/** YAML 1.1 quotes what its readers (Kubernetes' own, Python's) would not take for text: yes, dates. */
export function toYaml(value: unknown): string {
  return yamlStringify(value, { version: '1.1', lineWidth: 0 })
}
