import type { Informer } from '../client/informer.ts'
import { type LabelSelector, selectorOfMap } from '../kinds/selector.ts'
import type { Pod, Service } from '../kinds/types.ts'
import { isReady, isTerminal, isTerminating } from './pod-facts.ts'

/** True for a service whose endpoints are the pods that it selects. */
export function isSelecting(service: Service): boolean {
  const selector = service.spec?.selector
  return (
    service.spec?.type !== 'ExternalName' &&
    selector !== undefined &&
    Object.keys(selector).length > 0
  )
}

/** Services from a copy are frozen, so that what their selector compiles to stays true. */
const selectors = new WeakMap<Service, LabelSelector>()

export function selects(service: Service, pod: Pod): boolean {
  let selector = selectors.get(service)
  if (!selector) {
    selector = selectorOfMap(service.spec?.selector)
    selectors.set(service, selector)
  }
  return selector.matches(pod.metadata.labels)
}

/** The pods behind a service; `pods` has the index `byNamespace`. */
export function podsOf(service: Service, pods: Informer<Pod>): Pod[] {
  return pods
    .indexed('byNamespace', service.metadata.namespace ?? '')
    .filter((pod) => selects(service, pod))
}

/**
 * Calls `changed` with every service that selects a pod whose change can change an endpoint, before
 * or after it. Both copies have the index `byNamespace`.
 */
export function watchServicePods(
  services: Informer<Service>,
  pods: Informer<Pod>,
  changed: (service: Service) => void,
): () => void {
  const tell = (pod: Pod) => {
    for (const service of services.indexed('byNamespace', pod.metadata.namespace ?? ''))
      if (isSelecting(service) && selects(service, pod)) changed(service)
  }
  return pods.subscribe({
    added: tell,
    updated: (pod, previous) => {
      if (!concerns(pod, previous)) return
      tell(pod)
      if (relabelled(pod, previous)) tell(previous)
    },
    deleted: tell,
  })
}

/** True when a change of a pod can change an endpoint. */
function concerns(pod: Pod, previous: Pod): boolean {
  return (
    relabelled(pod, previous) ||
    isReady(pod) !== isReady(previous) ||
    isTerminal(pod) !== isTerminal(previous) ||
    isTerminating(pod) !== isTerminating(previous) ||
    pod.spec?.nodeName !== previous.spec?.nodeName ||
    JSON.stringify(pod.status?.podIPs) !== JSON.stringify(previous.status?.podIPs) ||
    pod.status?.podIP !== previous.status?.podIP
  )
}

function relabelled(pod: Pod, previous: Pod): boolean {
  return JSON.stringify(pod.metadata.labels) !== JSON.stringify(previous.metadata.labels)
}
