import { isStatus } from '../base/status.ts'
import { objectKey } from '../client/informer.ts'
import { paths, secrets as secretsOf } from '../client/resources.ts'
import type { Secret } from '../kinds/types.ts'
import type { Controller, ControllerContext } from './controller.ts'

const tokenType = 'bootstrap.kubernetes.io/token'

/** When a bootstrap token is over, in wall time; undefined for one that never is, or is no token. */
export function tokenExpiryMs({ type, data, metadata }: Secret): number | undefined {
  if (type !== tokenType || metadata.namespace !== 'kube-system') return undefined
  const text = Buffer.from(data?.['expiration'] ?? '', 'base64').toString('utf8')
  if (text === '') return undefined
  const timeMs = Date.parse(text)
  // What cannot be read is refused as over, so it may go.
  return Number.isNaN(timeMs) ? 0 : timeMs
}

/** Removes bootstrap tokens that are over (pkg/controller/bootstrap/tokencleaner.go). */
export function tokenCleaner({ client, informers, clock }: ControllerContext): Controller {
  const secrets = informers.informer<Secret>(paths.secrets)
  return {
    name: 'token-cleaner',
    workers: 1,
    subscribe: (queue) => {
      const look = (secret: Secret) => {
        if (tokenExpiryMs(secret) !== undefined) queue.add(objectKey(secret))
      }
      return [secrets.subscribe({ added: look, updated: look })]
    },
    async reconcile(key) {
      const secret = secrets.get(key)
      const expiryMs = secret && tokenExpiryMs(secret)
      if (expiryMs === undefined) return undefined
      const leftMs = expiryMs - clock.wallMs()
      if (leftMs > 0) return { requeueAfterMs: leftMs }
      const { namespace = '', name = '', uid = '' } = secret?.metadata ?? {}
      try {
        await secretsOf(client).delete(namespace, name, { preconditions: { uid } })
      } catch (error) {
        if (!isStatus(error, 'NotFound', 'Conflict')) throw error
      }
      return undefined
    },
  }
}
