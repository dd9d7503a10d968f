import type { Pod } from '../../kinds/types.ts'
import { type ClusterDns, desiredDns, podHostname } from '../desired.ts'

/** PURE: the files by which a pod's programs find names. What is undefined is left to the runtime. */
export interface NameFiles {
  readonly hosts: string | undefined
  readonly resolver: string | undefined
}

/**
 * A pod of the pods' network has its own hosts file (kubelet_pods.go managedHostsFileContent), any pod
 * with settings of its own or the cluster's a resolver file. The runtime's ones do not say what a pod asks
 * for: Docker puts its own server before all others.
 */
export function nameFiles(
  pod: Pod,
  podIp: string | undefined,
  cluster: ClusterDns | undefined,
): NameFiles {
  const dns = desiredDns(pod, cluster)
  const withAddress = podIp !== undefined && !pod.spec?.hostNetwork
  return {
    hosts: withAddress ? hostsText(pod, podIp, cluster?.domain) : undefined,
    resolver:
      dns &&
      [
        ...(dns.searches.length > 0 ? [`search ${dns.searches.join(' ')}`] : []),
        ...dns.nameservers.map((address) => `nameserver ${address}`),
        ...(dns.options.length > 0 ? [`options ${dns.options.join(' ')}`] : []),
      ]
        .join('\n')
        .concat('\n'),
  }
}

const loopbackLines = [
  ['127.0.0.1', 'localhost'],
  ['::1', 'localhost ip6-localhost ip6-loopback'],
  ['fe00::0', 'ip6-localnet'],
  ['fe00::0', 'ip6-mcastprefix'],
  ['fe00::1', 'ip6-allnodes'],
  ['fe00::2', 'ip6-allrouters'],
]

function hostsText(pod: Pod, podIp: string, domain: string | undefined): string {
  const { subdomain, hostAliases = [] } = pod.spec ?? {}
  const short = podHostname(pod)
  const whole =
    subdomain && domain ? `${short}.${subdomain}.${pod.metadata.namespace}.svc.${domain}` : ''
  const lines = [
    '# Kubernetes-managed hosts file.',
    ...loopbackLines.map((line) => line.join('\t')),
    [podIp, ...(whole ? [whole] : []), short].join('\t'),
    ...(hostAliases.length > 0 ? ['', '# Entries added by HostAliases.'] : []),
    ...hostAliases.map(({ ip, hostnames = [] }) => [ip, ...hostnames].join('\t')),
  ]
  return `${lines.join('\n')}\n`
}
