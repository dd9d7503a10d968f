import type { Clock } from '../../base/clock.ts'
import { isStatus } from '../../base/status.ts'
import { deployments, namespaces, pods, services } from '../../client/resources.ts'
import type { Client } from '../../client/typed.ts'
import type { Deployment, Pod } from '../../kinds/types.ts'
import { answers } from './traffic.ts'
import { waitUntil } from './wait-until.ts'
import { webImage, webPort } from './web-image.ts'

export const demoNamespace = 'demo'
export const webReplicas = 4
const readyMsMax = 60_000

/**
 * Deploys the replicated web application and waits until every replica is ready and its Service
 * answers: proxies hear of a ready pod a moment later than whoever asks the API.
 */
export async function deployWebApp(
  client: Client,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ host: string; port: number }> {
  await namespaces(client).create('', { metadata: { name: demoNamespace } })
  await deployments(client).create(demoNamespace, webDeployment('web', webReplicas))
  const service = await services(client).create(demoNamespace, {
    metadata: { name: 'web' },
    // Where a proxy without rights must listen itself, ports under 1024 are out of its reach.
    spec: { selector: { app: 'web' }, ports: [{ port: webPort }] },
  })
  const ready = await waitUntil(clock, readyMsMax, signal, async () => {
    const web = await deployments(client).get(demoNamespace, 'web')
    return web.status?.availableReplicas === webReplicas ? true : undefined
  })
  if (!ready) throw new Error(`the web application was not ready within ${readyMsMax / 1000} s`)
  const address = { host: service.spec?.clusterIP ?? '', port: webPort }
  const serving = await waitUntil(clock, readyMsMax, signal, async () =>
    (await answers({ ...address, timeoutMs: 1_000 })) ? true : undefined,
  )
  if (!serving) throw new Error(`the Service did not answer within ${readyMsMax / 1000} s`)
  return address
}

export function webDeployment(name: string, replicas: number): Deployment {
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'web',
              image: webImage,
              ports: [{ containerPort: webPort }],
              readinessProbe: { httpGet: { path: '/', port: webPort }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  }
}

/** Ready pods of the application, by node. */
export async function readyPodsByNode(client: Client): Promise<Map<string, Pod[]>> {
  const { items } = await pods(client).list({ namespace: demoNamespace, labelSelector: 'app=web' })
  const byNode = new Map<string, Pod[]>()
  for (const pod of items) {
    const ready = pod.status?.conditions?.some(
      (one) => one.type === 'Ready' && one.status === 'True',
    )
    const node = pod.spec?.nodeName
    if (!ready || !node || pod.metadata.deletionTimestamp) continue
    byNode.set(node, [...(byNode.get(node) ?? []), pod])
  }
  return byNode
}

/**
 * Resolves once the controllers have acted on a Deployment that was created just now: the proof that
 * somebody leads them. Undefined when that took longer than `limitMs`.
 */
export async function controllersAct(
  client: Client,
  name: string,
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
): Promise<true | undefined> {
  let created = false
  return waitUntil(clock, limitMs, signal, async () => {
    try {
      if (!created) await deployments(client).create(demoNamespace, webDeployment(name, 0))
      created = true
      const seen = await deployments(client).get(demoNamespace, name)
      return seen.status?.observedGeneration === undefined ? undefined : true
    } catch (error) {
      if (isStatus(error, 'AlreadyExists')) created = true
      else if (!isStatus(error, 'ServiceUnavailable', 'Timeout', 'NotFound')) throw error
      return undefined
    }
  })
}
