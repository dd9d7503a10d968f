import { WireWriter } from '../../kinds/codec/wire-writer.ts'
import { inEnvelope, protobufMessage } from '../../kinds/encode-protobuf.ts'
import type { aggregated } from './documents.ts'

type Aggregated = ReturnType<typeof aggregated>
type Group = Aggregated['items'][number]
type Version = Group['versions'][number]
type Resource = Version['resources'][number]
type GroupVersionKind = Resource['responseKind']

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

/**
 * An APIGroupDiscoveryList in protobuf (k8s.io/api/apidiscovery/v2/generated.proto), which is no part of the
 * OpenAPI documents and so none of the schema table. Written from its end, as everything with WireWriter.
 */
export function aggregatedProtobuf({ apiVersion, kind, metadata, items }: Aggregated): Uint8Array {
  const writer = new WireWriter()
  putAll(writer, 2, items, putGroup)
  putBytes(writer, 1, protobufMessage(`${meta}.ListMeta`, metadata))
  return inEnvelope({ apiVersion, kind }, writer.take())
}

type Put<T> = (writer: WireWriter, value: T) => void

function putGroup(writer: WireWriter, { metadata, versions }: Group): void {
  putAll(writer, 2, versions, putVersion)
  putBytes(writer, 1, protobufMessage(`${meta}.ObjectMeta`, metadata))
}

function putVersion(writer: WireWriter, { version, resources, freshness }: Version): void {
  writer.text(3, freshness)
  putAll(writer, 2, resources, putResource)
  writer.text(1, version)
}

function putResource(writer: WireWriter, resource: Resource): void {
  putAll(writer, 8, resource.subresources ?? [], (_, { subresource, responseKind, verbs }) => {
    putTexts(writer, 4, verbs)
    putAll(writer, 2, [responseKind], putKind)
    writer.text(1, subresource)
  })
  putTexts(writer, 7, resource.categories ?? [])
  putTexts(writer, 6, resource.shortNames ?? [])
  putTexts(writer, 5, resource.verbs)
  writer.text(4, resource.singularResource)
  writer.text(3, resource.scope)
  putAll(writer, 2, [resource.responseKind], putKind)
  writer.text(1, resource.resource)
}

function putKind(writer: WireWriter, { group, version, kind }: GroupVersionKind): void {
  writer.text(3, kind)
  writer.text(2, version)
  writer.text(1, group)
}

function putAll<T>(writer: WireWriter, number: number, values: readonly T[], put: Put<T>): void {
  for (const value of values.toReversed()) {
    const since = writer.written
    put(writer, value)
    writer.message(number, since)
  }
}

function putTexts(writer: WireWriter, number: number, texts: readonly string[]): void {
  for (const text of texts.toReversed()) writer.text(number, text)
}

function putBytes(writer: WireWriter, number: number, bytes: Uint8Array): void {
  const since = writer.written
  writer.bytes(bytes)
  writer.message(number, since)
}
