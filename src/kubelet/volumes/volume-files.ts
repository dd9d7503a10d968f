import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  Volume,
  VolumeProjection,
} from '../../kinds/types.ts'
import { type PodSurroundings, podField, resourceField } from '../env.ts'

/** PURE: the files of volumes that are made from API objects. */
export interface VolumeFile {
  readonly bytes: Uint8Array
  /** Permission bits. */
  readonly mode: number
}

/** The volume cannot be made as the spec asks. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError'
}

/** Gets a token of the pod's service account; see the TokenRequest subresource. */
export type TokenSource = (audience: string | undefined, expirySeconds: number) => string

const defaultMode = 0o644
const defaultTokenSeconds = 3607

/** True for volumes whose files this module makes. */
export function isPayloadVolume(volume: Volume): boolean {
  return Boolean(volume.configMap || volume.secret || volume.downwardAPI || volume.projected)
}

/** Relative path to file, for one volume. Throws VolumeError or ConfigError. */
export function volumeFiles(
  pod: Pod,
  volume: Volume,
  around: PodSurroundings,
  tokens: TokenSource,
): ReadonlyMap<string, VolumeFile> {
  const files = new Map<string, VolumeFile>()
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap) {
    const { name = '', optional, items } = configMap
    const mode = configMap.defaultMode ?? defaultMode
    addConfigMap(files, { name, optional, items, mode }, around)
  } else if (secret) {
    const { secretName: name = '', optional, items } = secret
    addSecret(files, { name, optional, items, mode: secret.defaultMode ?? defaultMode }, around)
  } else if (downwardAPI) {
    const mode = downwardAPI.defaultMode ?? defaultMode
    for (const item of downwardAPI.items ?? []) addField(files, pod, item, mode, around)
  } else if (projected) {
    const mode = projected.defaultMode ?? defaultMode
    for (const source of projected.sources ?? [])
      addProjection(files, pod, source, mode, around, tokens)
  }
  return files
}

function addProjection(
  files: Map<string, VolumeFile>,
  pod: Pod,
  source: VolumeProjection,
  mode: number,
  around: PodSurroundings,
  tokens: TokenSource,
): void {
  if (source.configMap)
    addConfigMap(files, { ...source.configMap, name: source.configMap.name ?? '', mode }, around)
  else if (source.secret)
    addSecret(files, { ...source.secret, name: source.secret.name ?? '', mode }, around)
  else if (source.downwardAPI)
    for (const item of source.downwardAPI.items ?? []) addField(files, pod, item, mode, around)
  else if (source.serviceAccountToken) {
    const { audience, expirationSeconds = defaultTokenSeconds, path } = source.serviceAccountToken
    files.set(safePath(path), { bytes: Buffer.from(tokens(audience, expirationSeconds)), mode })
  } else throw new VolumeError('a projected source is of a kind that this kubelet does not know')
}

interface Selection {
  readonly name: string
  readonly optional?: boolean | undefined
  readonly items?: readonly KeyToPath[] | undefined
  readonly mode: number
}

function addConfigMap(
  files: Map<string, VolumeFile>,
  selection: Selection,
  around: PodSurroundings,
): void {
  const found = around.configMaps.get(selection.name)
  const data = new Map<string, Uint8Array>()
  for (const [key, value] of Object.entries(found?.data ?? {})) data.set(key, Buffer.from(value))
  for (const [key, value] of Object.entries(found?.binaryData ?? {}))
    data.set(key, Buffer.from(value, 'base64'))
  select(files, 'configmap', selection, found, data)
}

function addSecret(
  files: Map<string, VolumeFile>,
  selection: Selection,
  around: PodSurroundings,
): void {
  const found = around.secrets.get(selection.name)
  const data = new Map<string, Uint8Array>()
  for (const [key, value] of Object.entries(found?.data ?? {}))
    data.set(key, Buffer.from(value, 'base64'))
  select(files, 'secret', selection, found, data)
}

function select(
  files: Map<string, VolumeFile>,
  kind: string,
  { name, optional, items, mode }: Selection,
  found: ConfigMap | Secret | undefined,
  data: ReadonlyMap<string, Uint8Array>,
): void {
  if (!found && !optional) throw new VolumeError(`${kind} "${name}" not found`)
  if (!items?.length) {
    for (const [key, bytes] of data) files.set(safePath(key), { bytes, mode })
    return
  }
  for (const item of items) {
    const bytes = data.get(item.key)
    if (bytes) files.set(safePath(item.path), { bytes, mode: item.mode ?? mode })
    else if (!optional)
      throw new VolumeError(`${kind} "${name}" references non-existent key: ${item.key}`)
  }
}

function addField(
  files: Map<string, VolumeFile>,
  pod: Pod,
  item: DownwardAPIVolumeFile,
  mode: number,
  around: PodSurroundings,
): void {
  const text = item.fieldRef
    ? podField(pod, item.fieldRef.fieldPath, around)
    : resourceField(pod, undefined, item.resourceFieldRef ?? { resource: '' }, around)
  files.set(safePath(item.path), { bytes: Buffer.from(text), mode: item.mode ?? mode })
}

/**
 * A relative path that stays inside its directory and out of the names that the writer uses itself.
 * The API refuses others already; a kubelet does not rely on it.
 */
export function safePath(path: string): string {
  const parts = path.split('/')
  const bad = parts.some((part) => part === '' || part === '.' || part.startsWith('..'))
  if (bad || path.includes('\0'))
    throw new VolumeError(`path ${JSON.stringify(path)} is not allowed`)
  return path
}
