import type { Node } from '../../kinds/types.ts'

/**
 * What a node that joined by itself may be reached by, and so what its serving certificate may name: its
 * name, and those of the addresses it reports that nobody else has. `reserved` are the names of the masters:
 * a certificate for one of them would let a node pass for the API. A node writes its own addresses and no
 * other node's; a request with one that is not its own is left to `kubectl certificate approve`.
 */
export function joinedHosts(
  name: string,
  nodes: readonly Node[],
  reserved: readonly string[],
): string[] {
  const own = nodes.find((node) => node.metadata.name === name)
  if (!own) return []
  const others = nodes.filter((node) => node !== own)
  const taken = new Set([
    ...reserved,
    ...others.flatMap((node) => [node.metadata.name ?? '', ...addressesOf(node)]),
  ])
  return [name, ...addressesOf(own)].filter((host) => !taken.has(host))
}

function addressesOf({ status }: Node): string[] {
  return (status?.addresses ?? []).map(({ address }) => address)
}
