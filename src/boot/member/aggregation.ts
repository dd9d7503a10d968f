import { Aggregation } from '../../api/aggregation/aggregation.ts'
import { identityHeaderNames } from '../../api/aggregation/identity-headers.ts'
import type { Proposer } from '../../api/raft-store/proposer.ts'
import { systemClock as clock } from '../../base/clock.ts'
import type { ConfigMap } from '../../kinds/types.ts'
import { frontProxyName } from '../config/resolve-cluster.ts'
import { identityOf, type MemberProcess } from './member.ts'

/** API servers behind Services, which this master's requests reach as the front proxy. */
export function aggregationOf(
  { directory, authority: ca }: MemberProcess,
  store: Proposer,
): Aggregation {
  return new Aggregation({
    ...{ store, clock },
    kubeletTls: { ...identityOf(directory, 'kubelet-client'), ca },
    frontProxy: identityOf(directory, 'front-proxy-client'),
  })
}

/**
 * How such a server recognises clients and the front proxy: it reads this at its start
 * (k8s.io/kubernetes pkg/controlplane/controller/clusterauthenticationtrust).
 */
export function clusterAuthentication({ directory, authority }: MemberProcess): ConfigMap {
  const { user, uid, group, extraPrefix } = identityHeaderNames
  const list = (name: string) => JSON.stringify([name])
  return {
    ...{ apiVersion: 'v1', kind: 'ConfigMap' },
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data: {
      'client-ca-file': authority,
      'requestheader-client-ca-file': directory.readCertificate('front-proxy-ca') ?? '',
      'requestheader-allowed-names': list(frontProxyName),
      'requestheader-username-headers': list(user),
      'requestheader-uid-headers': list(uid),
      'requestheader-group-headers': list(group),
      'requestheader-extra-headers-prefix': list(extraPrefix),
    },
  }
}
