import { type StatusError, statusError } from '../../base/status.ts'
import { isTrue } from '../request-info.ts'
import { kubeletPath } from './kubelet-request.ts'
import { containerOf, type StreamedPod } from './pod-container.ts'

export type StreamKind = 'exec' | 'attach' | 'portforward'

/**
 * The kubelet's path for a stream. Throws BadRequest for options that make no sense
 * (pkg/apis/core/validation, pkg/registry/core/pod/strategy.go).
 */
export function kubeletStreamPath(
  kind: StreamKind,
  pod: StreamedPod,
  query: URLSearchParams,
): string {
  if (pod.nodeName === '') throw refused(`pod ${pod.name} does not have a host assigned`)
  if (pod.phase === 'Succeeded' || pod.phase === 'Failed')
    throw refused(`cannot exec into a container in a completed pod; current phase is ${pod.phase}`)
  if (kind === 'portforward') return portForwardPath(pod, query)
  const container = containerOf(pod, query.get('container') ?? '')
  const passed = new URLSearchParams()
  if (kind === 'exec') {
    const command = query.getAll('command')
    if (command.length === 0) throw refused('you must specify at least 1 command for the container')
    for (const word of command) passed.append('command', word)
  }
  const streams: readonly [ours: string, kubelets: string][] = [
    ['stdin', 'input'],
    ['stdout', 'output'],
    ['stderr', 'error'],
  ]
  const wanted = streams.filter(([ours]) => isTrue(query.get(ours)))
  if (wanted.length === 0) throw refused('you must specify at least 1 of stdin, stdout, stderr')
  const tty = isTrue(query.get('tty'))
  for (const [, kubelets] of wanted) passed.set(kubelets, '1')
  if (tty) passed.set('tty', '1')
  return `${kubeletPath(kind, pod.namespace, pod.name, container)}?${passed}`
}

function portForwardPath(pod: StreamedPod, query: URLSearchParams): string {
  const passed = new URLSearchParams()
  const ports = query.getAll('ports').flatMap((text) => text.split(','))
  for (const port of ports) {
    const number = Number(port)
    if (!/^\d{1,5}$/.test(port) || number < 1 || number > 65_535)
      throw refused(`${JSON.stringify(port)} is no port: a number from 1 to 65535 is needed`)
    passed.append('port', port)
  }
  const path = kubeletPath('portForward', pod.namespace, pod.name)
  return ports.length === 0 ? path : `${path}?${passed}`
}

function refused(message: string): StatusError {
  return statusError('BadRequest', message)
}
