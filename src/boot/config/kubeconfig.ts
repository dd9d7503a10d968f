import { stringify } from 'yaml'
import type { KeyPair } from './certificates.ts'

/** A kubeconfig with everything inside it: no path that a move could break. */
export function kubeconfig(options: {
  readonly clusterName: string
  readonly server: string
  readonly authority: string
  readonly user: string
  readonly pair: KeyPair
}): string {
  const { clusterName, user } = options
  const base64 = (pem: string) => Buffer.from(pem).toString('base64')
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: clusterName,
        cluster: {
          server: options.server,
          'certificate-authority-data': base64(options.authority),
        },
      },
    ],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(options.pair.certificate),
          'client-key-data': base64(options.pair.privateKey),
        },
      },
    ],
    contexts: [{ name: clusterName, context: { cluster: clusterName, user } }],
    'current-context': clusterName,
  })
}
