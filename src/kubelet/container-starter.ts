import type { Container, Pod } from '../kinds/types.ts'
import { type PodConfiguration, referencedTokens } from './config-source.ts'
import { desiredContainer } from './desired.ts'
import { ConfigError, containerEnv, type PodSurroundings } from './env.ts'
import { ImageError } from './images.ts'
import type { PodAction } from './plan.ts'
import { check } from './probes/check.ts'
import { RuntimeError } from './runtime/runtime.ts'
import { nameFiles } from './volumes/name-files.ts'
import { VolumeError } from './volumes/volume-files.ts'
import type { PodVolumes } from './volumes/volumes.ts'
import type { WorkerDeps } from './worker-deps.ts'

export type StartAction = Extract<PodAction, { do: 'startContainer' }>

/** Why a container did not start, as users read it, and when to try again (wall time). */
export interface StartProblem {
  readonly reason: string
  readonly message: string
  readonly retryAtMs: number
}

const retryMs = 2_000
const hookTimeoutMs = 30_000

/** Files and containers of one pod: everything between the plan and the runtime. */
export class ContainerStarter {
  readonly #deps: WorkerDeps
  readonly #volumes: PodVolumes
  #prepared: { readonly version: string; readonly done: Promise<PodConfiguration> } | undefined

  constructor(deps: WorkerDeps, volumes: PodVolumes) {
    this.#deps = deps
    this.#volumes = volumes
  }

  /** Loads what the pod names and writes its volumes; begun early, it costs no time at the start. */
  prepare(pod: Pod): Promise<PodConfiguration> {
    const version = pod.metadata.resourceVersion ?? ''
    if (this.#prepared?.version === version) return this.#prepared.done
    const done = this.refresh(pod)
    this.#prepared = { version, done }
    done.catch(() => {
      if (this.#prepared?.done === done) this.#prepared = undefined
    })
    return done
  }

  /** Brings volumes up to date with the API. */
  async refresh(pod: Pod): Promise<PodConfiguration> {
    const { configuration } = this.#deps
    const loaded = await configuration.load(pod)
    const tokens = new Map<string, string>()
    for (const { audience, expirySeconds } of referencedTokens(pod)) {
      const key = `${audience ?? ''} ${expirySeconds}`
      tokens.set(key, await configuration.token(pod, audience, expirySeconds))
    }
    await this.#volumes.prepare(
      pod,
      this.#around(loaded, undefined, new Map()),
      (audience, expirySeconds) => tokens.get(`${audience ?? ''} ${expirySeconds}`) ?? '',
    )
    return loaded
  }

  /** Starts one container; resolves with what is in the way, if anything. */
  async start(
    pod: Pod,
    action: StartAction,
    podIp: string | undefined,
  ): Promise<StartProblem | undefined> {
    const { recorder, runtime } = this.#deps
    const { container } = action
    try {
      const loaded = await this.prepare(pod)
      const image = await this.#deps.images.ensure(container)
      recorder.event(pod, 'Normal', 'Pulled', image.message)
      const around = this.#around(loaded, podIp, await this.#deps.serviceEnv(pod))
      const id = await this.#create(pod, action, around, podIp)
      recorder.event(pod, 'Normal', 'Created', `Created container: ${container.name}`)
      await runtime.startContainer(id)
      recorder.event(pod, 'Normal', 'Started', `Started container ${container.name}`)
      await this.#postStart(pod, container, id, podIp)
      return undefined
    } catch (error) {
      return this.#problem(pod, container, error)
    }
  }

  async #create(
    pod: Pod,
    action: StartAction,
    around: PodSurroundings,
    podIp: string | undefined,
  ): Promise<string> {
    const { container, kind, attempt, sandboxId, targetId } = action
    const env = containerEnv(pod, container, around)
    const names = nameFiles(pod, podIp, this.#deps.clusterDns)
    const mounts = await this.#volumes
      .mounts(pod, container, attempt, env, names)
      .catch((error: unknown) => {
        // The volumes are there: it is the container's own wish that cannot be met.
        throw error instanceof VolumeError ? new ConfigError(error.message) : error
      })
    const config = desiredContainer({
      ...{ pod, container, kind, attempt, targetId, mounts, around },
    })
    return this.#deps.runtime.createContainer(sandboxId, config)
  }

  /** A container whose postStart hook fails is ended; the restart policy says what follows. */
  async #postStart(pod: Pod, container: Container, id: string, podIp: string | undefined) {
    const hook = container.lifecycle?.postStart
    if (!hook) return
    const { runtime, clock, recorder, nodeIp } = this.#deps
    const target = { containerId: id, container, ip: podIp ?? nodeIp }
    const { healthy, message } = hook.sleep
      ? { healthy: true, message: '' }
      : await check(hook, target, hookTimeoutMs, runtime, clock)
    if (healthy) return
    recorder.event(pod, 'Warning', 'FailedPostStartHook', `PostStartHook failed: ${message}`)
    await runtime.stopContainer(id, (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000)
  }

  #problem(pod: Pod, container: Container, error: unknown): StartProblem | undefined {
    const { recorder, clock } = this.#deps
    const retryAtMs = clock.wallMs() + retryMs
    const warn = (reason: string, message: string) =>
      recorder.event(pod, 'Warning', reason, message)
    if (error instanceof ImageError) {
      if (error.reason === 'ImagePullBackOff')
        recorder.event(pod, 'Normal', 'BackOff', error.message)
      else warn('Failed', error.message)
      return { reason: error.reason, message: error.message, retryAtMs: error.retryAtMs }
    }
    if (error instanceof ConfigError) {
      warn('Failed', `Error: ${error.message}`)
      return { reason: 'CreateContainerConfigError', message: error.message, retryAtMs }
    }
    if (error instanceof VolumeError) {
      warn('FailedMount', `MountVolume.SetUp failed: ${error.message}`)
      return { reason: 'ContainerCreating', message: error.message, retryAtMs }
    }
    if (error instanceof RuntimeError) {
      warn('Failed', `Error: ${error.message}`)
      // The runtime lists it as ended: that is a crash like any other.
      if (error.reason === 'StartFailed') return undefined
      return { reason: 'CreateContainerError', message: error.message, retryAtMs }
    }
    const message = error instanceof Error ? error.message : String(error)
    this.#deps.logger.warn({ container: container.name, error: message }, 'container start failed')
    return { reason: 'ContainerCreating', message, retryAtMs }
  }

  #around(
    loaded: PodConfiguration,
    podIp: string | undefined,
    serviceEnv: ReadonlyMap<string, string>,
  ): PodSurroundings {
    const { nodeName, nodeIp, allocatable } = this.#deps
    return { ...loaded, nodeName, hostIp: nodeIp, podIp, allocatable, serviceEnv }
  }
}
