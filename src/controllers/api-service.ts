import { isStatus } from '../base/status.ts'
import { paths } from '../client/resources.ts'
import type { ResourceClient } from '../client/typed.ts'
import { type CustomDefinition, hasCondition } from '../kinds/apiextensions/definition-spec.ts'
import { compareVersionNames } from '../kinds/apiextensions/version-order.ts'
import { allKinds } from '../kinds/scheme.ts'
import { formatTime } from '../kinds/time.ts'
import type { APIService, APIServiceCondition } from '../kinds/types.ts'
import type { Controller, ControllerContext, ProbedAvailability } from './controller.ts'

const managed = 'kube-aggregator.kubernetes.io/automanaged'
/** There is one thing to keep: that every group and version served here has its APIService. */
const everything = 'all'
/** Between two looks at an API server behind a Service: one that answers, one that does not. */
const probeMs = 30_000
const probeSoonMs = 2_000

/** A group and version that the masters serve themselves. */
interface LocalVersion {
  readonly group: string
  readonly version: string
  /** Made by a CustomResourceDefinition: it goes with it. */
  readonly isCustom: boolean
  readonly versionPriority: number
}

const standardPriority = 17_000
const customPriority = 1_000
/** Answered and never stored, so no kind names them. */
const answered = ['authentication.k8s.io/v1', 'authorization.k8s.io/v1', 'metrics.k8s.io/v1beta1']

/** What is served here, by the name of its APIService. Pure. */
export function localVersions(
  definitions: readonly CustomDefinition[],
): ReadonlyMap<string, LocalVersion> {
  const found = new Map<string, LocalVersion>()
  const standard = [...allKinds.map(({ group, version }) => `${group}/${version}`), ...answered]
  for (const name of standard) {
    const [group = '', version = ''] = name.split('/')
    const one = { group, version, isCustom: false, versionPriority: 15 }
    found.set(serviceName(one), one)
  }
  for (const definition of definitions) {
    if (!hasCondition(definition, 'Established')) continue
    const { group } = definition.spec
    const versions = definition.spec.versions.filter(({ served }) => served).map(({ name }) => name)
    versions.sort(compareVersionNames)
    for (const [index, version] of versions.entries()) {
      const one = { group, version, isCustom: true, versionPriority: 100 - Math.min(index, 99) }
      if (!found.has(serviceName(one))) found.set(serviceName(one), one)
    }
  }
  return found
}

function serviceName({ group, version }: Pick<LocalVersion, 'group' | 'version'>): string {
  return `${version}.${group}`
}

/** The object of a group and version that the masters serve. */
export function localService(one: LocalVersion): APIService {
  const { group, version, isCustom, versionPriority } = one
  const priority = group === '' ? 18_000 : isCustom ? customPriority : standardPriority
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: {
      name: serviceName(one),
      labels: { [managed]: isCustom ? 'true' : 'onstart' },
    },
    spec: { group, version, groupPriorityMinimum: priority, versionPriority },
  }
}

const local: ProbedAvailability = {
  ...{ status: 'True', reason: 'Local' },
  message: 'Local APIServices are always available',
}
const notSupported: ProbedAvailability = {
  ...{ status: 'False', reason: 'NotSupported' },
  message: 'this cluster passes no requests on to API servers behind services',
}

/** The condition Available of an APIService, with what was found out about it. Pure. */
export function availability(
  service: APIService,
  probed: ProbedAvailability | undefined,
  now: string,
): APIServiceCondition {
  const told = service.spec?.service ? (probed ?? notSupported) : local
  const known = service.status?.conditions?.find(({ type }) => type === 'Available')
  const since = known?.status === told.status ? known.lastTransitionTime : now
  return { type: 'Available', ...told, ...(since ? { lastTransitionTime: since } : {}) }
}

/**
 * Registers what the masters serve (kube-aggregator pkg/controllers/autoregister), and tells of all whether
 * they are to be had: what is behind a Service is asked again and again.
 */
export function apiServiceController(context: ControllerContext): Controller {
  const { client, informers, clock, config } = context
  const definitions = informers.informer<CustomDefinition>(paths.customResourceDefinitions)
  const services = informers.informer<APIService>(paths.apiServices)
  const resource = client.resource<APIService>(paths.apiServices)
  return {
    name: 'api-service',
    workers: 1,
    subscribe: (queue) => {
      const again = () => queue.add(everything)
      again()
      return [
        definitions.subscribe({ added: again, updated: again, deleted: again }),
        services.subscribe({ added: again, updated: again, deleted: again }),
      ]
    },
    async reconcile() {
      const wanted = localVersions(definitions.list())
      const there = new Map(services.list().map((one) => [one.metadata.name ?? '', one]))
      for (const [name, one] of wanted)
        if (!there.has(name)) await create(resource, localService(one))
      let requeueAfterMs: number | undefined
      for (const [name, service] of there) {
        const isStale = service.metadata.labels?.[managed] === 'true' && !wanted.has(name)
        if (isStale) {
          await remove(resource, service)
          continue
        }
        const probed = service.spec?.service ? await config.probeApiService?.(service) : undefined
        const told = availability(service, probed, formatTime(clock.wallMs()))
        await tell(resource, service, told)
        if (!probed) continue
        const pauseMs = probed.status === 'True' ? probeMs : probeSoonMs
        requeueAfterMs = Math.min(requeueAfterMs ?? pauseMs, pauseMs)
      }
      return requeueAfterMs === undefined ? undefined : { requeueAfterMs }
    },
  }
}

async function create(resource: ResourceClient<APIService>, service: APIService): Promise<void> {
  try {
    await resource.create('', service)
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error
  }
}

async function remove(
  resource: ResourceClient<APIService>,
  { metadata }: APIService,
): Promise<void> {
  try {
    await resource.delete('', metadata.name ?? '', { preconditions: { uid: metadata.uid ?? '' } })
  } catch (error) {
    if (!isStatus(error, 'NotFound', 'Conflict')) throw error
  }
}

async function tell(
  resource: ResourceClient<APIService>,
  service: APIService,
  told: APIServiceCondition,
): Promise<void> {
  const old = service.status?.conditions ?? []
  const isTold = old.some(
    ({ type, status, reason, message }) =>
      type === told.type &&
      status === told.status &&
      reason === told.reason &&
      message === told.message,
  )
  if (isTold) return
  const conditions = [...old.filter(({ type }) => type !== told.type), told]
  try {
    await resource.updateStatus({ ...service, status: { ...service.status, conditions } })
  } catch (error) {
    // Somebody changed it meanwhile: the change brings it back.
    if (!isStatus(error, 'Conflict', 'NotFound')) throw error
  }
}
