import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { isAbsolute, join, sep } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Container, Pod, Volume, VolumeMount } from '../../kinds/types.ts'
import { expandReferences, type PodSurroundings } from '../env.ts'
import { wholeBytes } from '../quantity.ts'
import type { Mount } from '../runtime/runtime.ts'
import { writeAtomicDirectory } from './atomic-directory.ts'
import type { MemoryMounts } from './memory-mounts.ts'
import type { NameFiles } from './name-files.ts'
import {
  isPayloadVolume,
  type TokenSource,
  VolumeError,
  type VolumeFile,
  volumeFiles,
} from './volume-files.ts'

/**
 * The directories and files that one pod's containers mount. All of it lies in the pod's directory, which
 * has one writer at a time: two that replace the files of one volume would each remove what the other
 * made.
 */
export class PodVolumes {
  readonly #directory: string
  readonly #clock: Clock
  readonly #memory: MemoryMounts | undefined
  readonly #digests = new Map<string, string>()
  readonly #paths = new Map<string, string>()
  #writes = 0
  #lastTurn: Promise<void> = Promise.resolve()
  #isRemoved = false

  /**
   * `podsDirectory` is absolute: the engine mounts from it. Without `memory`, volumes in memory are
   * directories on disk.
   */
  constructor(podsDirectory: string, uid: string, clock: Clock, memory?: MemoryMounts) {
    if (!/^[\w-]+$/.test(uid)) throw new VolumeError(`uid ${JSON.stringify(uid)} is not allowed`)
    this.#directory = join(podsDirectory, uid)
    this.#clock = clock
    this.#memory = memory
  }

  /**
   * Makes what is missing and brings files up to date, after what earlier calls began. Rejects with
   * VolumeError or ConfigError.
   */
  prepare(pod: Pod, around: PodSurroundings, tokens: TokenSource): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isRemoved) throw new VolumeError('the volumes of this pod were removed')
      for (const volume of pod.spec?.volumes ?? []) {
        const path = join(this.#directory, 'volumes', plainName(volume.name))
        this.#paths.set(volume.name, await this.#prepareOne(pod, volume, path, around, tokens))
      }
    })
  }

  /**
   * Mounts of a container, in the order of the spec; its termination message is one of them, and the files
   * by which it finds names, where it mounts nothing there itself.
   */
  async mounts(
    pod: Pod,
    container: Container,
    attempt: number,
    env: ReadonlyMap<string, string>,
    names: NameFiles,
  ): Promise<Mount[]> {
    const mounts: Mount[] = []
    for (const mount of container.volumeMounts ?? []) {
      const volume = pod.spec?.volumes?.find((one) => one.name === mount.name)
      const path = this.#paths.get(mount.name)
      if (!volume || path === undefined) throw new VolumeError(`volume ${mount.name} is not there`)
      mounts.push({
        hostPath: await subPathOf(path, mount, env),
        containerPath: mount.mountPath,
        readOnly: (mount.readOnly ?? false) || isPayloadVolume(volume),
        propagation: propagationOf(mount),
      })
    }
    for (const [file, text] of [
      ['hosts', names.hosts],
      ['resolv.conf', names.resolver],
    ] as const) {
      const containerPath = `/etc/${file}`
      if (text === undefined || mounts.some((one) => one.containerPath === containerPath)) continue
      const hostPath = join(this.#directory, 'etc', file)
      await this.#inTurn(() => writePlainFile(hostPath, text))
      mounts.push({ hostPath, containerPath, readOnly: false, propagation: 'private' })
    }
    const message = this.terminationMessageFile(container.name, attempt)
    await mkdir(join(message, '..'), { recursive: true, mode: 0o755 })
    await writeFile(message, '', { flag: 'a' })
    await chmod(message, 0o666)
    mounts.push({
      hostPath: message,
      containerPath: container.terminationMessagePath ?? '/dev/termination-log',
      readOnly: false,
      propagation: 'private',
    })
    return mounts
  }

  terminationMessageFile(container: string, attempt: number): string {
    return join(this.#directory, 'containers', plainName(container), `${attempt}.message`)
  }

  /** Removes everything, for ever; the containers that mounted it are gone. */
  remove(): Promise<void> {
    return this.#inTurn(async () => {
      this.#isRemoved = true
      await this.#memory?.unmountUnder(this.#directory)
      await rm(this.#directory, { recursive: true, force: true })
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(work)
    // Who waits for the turn hears what failed; the next one goes on.
    this.#lastTurn = turn.catch(() => {})
    return turn
  }

  async #mountMemory(name: string, path: string, bytes: number): Promise<void> {
    try {
      await this.#memory?.mount(path, bytes > 0 ? bytes : undefined)
    } catch (error) {
      throw new VolumeError(`emptyDir ${name} in memory: ${messageOf(error)}`)
    }
  }

  async #prepareOne(
    pod: Pod,
    volume: Volume,
    path: string,
    around: PodSurroundings,
    tokens: TokenSource,
  ): Promise<string> {
    const group = process.getuid?.() === 0 ? pod.spec?.securityContext?.fsGroup : undefined
    if (volume.hostPath) return hostPathOf(volume.hostPath.path, volume.hostPath.type ?? '')
    if (volume.emptyDir) {
      await mkdir(path, { recursive: true })
      const { medium, sizeLimit } = volume.emptyDir
      const bytes = wholeBytes(sizeLimit)
      if (medium === 'Memory') await this.#mountMemory(volume.name, path, bytes)
      if (group !== undefined) await chown(path, 0, group)
      await chmod(path, group === undefined ? 0o777 : 0o2777)
      return path
    }
    if (!isPayloadVolume(volume))
      throw new VolumeError(`volume ${volume.name} is of a kind that this kubelet does not know`)
    const files = volumeFiles(pod, volume, around, tokens)
    const digest = digestOf(files)
    if (this.#digests.get(volume.name) !== digest) {
      this.#writes += 1
      const stamp = `${this.#clock.wallMs()}_${process.pid}_${this.#writes}`
      await writeAtomicDirectory(path, files, stamp, group)
      this.#digests.set(volume.name, digest)
    }
    return path
  }
}

/** In place: containers that run have it mounted. */
async function writePlainFile(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o755 })
  await writeFile(path, text)
  await chmod(path, 0o644)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function digestOf(files: ReadonlyMap<string, VolumeFile>): string {
  const hash = createHash('sha256')
  for (const [path, file] of files)
    hash.update(JSON.stringify([path, file.mode, file.bytes.length]))
  for (const file of files.values()) hash.update(file.bytes)
  return hash.digest('hex')
}

/** Names of volumes and containers are DNS labels; anything else could leave the directory. */
function plainName(name: string): string {
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/i.test(name) || name.includes('..'))
    throw new VolumeError(`name ${JSON.stringify(name)} is not allowed`)
  return name
}

/**
 * The part of a volume that a mount names. A container may have put links into the volume, so the path
 * is resolved and must still lie inside. (A container that swaps it between this check and the mount
 * could still escape; pods with hostile subPaths need a runtime that mounts by file descriptor.)
 */
async function subPathOf(
  volume: string,
  mount: VolumeMount,
  env: ReadonlyMap<string, string>,
): Promise<string> {
  const subPath = mount.subPathExpr
    ? expandReferences(mount.subPathExpr, (name) => env.get(name))
    : mount.subPath
  if (!subPath) return volume
  if (isAbsolute(subPath) || subPath.split('/').includes('..'))
    throw new VolumeError(`subPath ${JSON.stringify(subPath)} must stay inside the volume`)
  const root = await realpath(volume)
  const wanted = join(root, subPath)
  const exists = await lstat(wanted).then(
    () => true,
    () => false,
  )
  if (!exists) {
    await assertInside(root, wanted)
    await mkdir(wanted, { recursive: true, mode: 0o755 })
  }
  const resolved = await realpath(wanted)
  if (resolved !== root && !resolved.startsWith(root + sep))
    throw new VolumeError(`subPath ${JSON.stringify(subPath)} leaves the volume`)
  return resolved
}

/** Checks the nearest parent that exists, so that mkdir does not walk through a link outside. */
async function assertInside(root: string, path: string): Promise<void> {
  let parent = join(path, '..')
  for (;;) {
    const found = await realpath(parent).catch(() => undefined)
    if (found === root || found?.startsWith(root + sep)) return
    if (found !== undefined) throw new VolumeError('a part of subPath leaves the volume')
    parent = join(parent, '..')
  }
}

/** A path of the host, checked by its type (pkg/volume/hostpath). */
async function hostPathOf(path: string, type: string): Promise<string> {
  if (!isAbsolute(path) || path.split('/').includes('..'))
    throw new VolumeError(`hostPath ${JSON.stringify(path)} must be absolute and without ..`)
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 })
  if (type === 'FileOrCreate') await writeFile(path, '', { flag: 'a', mode: 0o644 })
  const found = await stat(path).catch(() => undefined)
  const fits: Readonly<Record<string, boolean | undefined>> = {
    '': true,
    DirectoryOrCreate: found?.isDirectory(),
    Directory: found?.isDirectory(),
    FileOrCreate: found?.isFile(),
    File: found?.isFile(),
    Socket: found?.isSocket(),
    CharDevice: found?.isCharacterDevice(),
    BlockDevice: found?.isBlockDevice(),
  }
  if (!Object.hasOwn(fits, type)) throw new VolumeError(`hostPath type ${type} is not known`)
  if (!fits[type]) throw new VolumeError(`hostPath type check failed: ${path} is not a ${type}`)
  return path
}

function propagationOf(mount: VolumeMount): Mount['propagation'] {
  if (mount.mountPropagation === 'Bidirectional') return 'rshared'
  return mount.mountPropagation === 'HostToContainer' ? 'rslave' : 'private'
}
