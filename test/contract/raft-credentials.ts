import { createAuthority, issueLeaf } from '../../src/boot/config/certificates.ts'
import type { PeerCredentials } from '../../src/raft/wire/peer-identity.ts'

export interface TestAuthority {
  issue(name: string, groups?: readonly string[]): Promise<PeerCredentials>
}

/** A certificate authority for masters on this host. */
export async function testAuthority(): Promise<TestAuthority> {
  const nowMs = Date.now()
  const authority = await createAuthority('test', nowMs)
  return {
    async issue(name, groups = ['kijabi:masters']) {
      const leaf = await issueLeaf(
        authority,
        { commonName: name, organizations: groups, hosts: ['127.0.0.1'] },
        nowMs,
      )
      return { ...leaf, ca: authority.certificate }
    },
  }
}
