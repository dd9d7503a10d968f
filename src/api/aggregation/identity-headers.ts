import type { User } from '../auth/user.ts'

/** Names that the ConfigMap extension-apiserver-authentication tells API servers. */
export const identityHeaderNames = {
  user: 'X-Remote-User',
  uid: 'X-Remote-Uid',
  group: 'X-Remote-Group',
  extraPrefix: 'X-Remote-Extra-',
} as const

/** Who asks, as request headers (client-go transport/round_trippers.go). PURE. */
export function identityHeaders(user: User): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    [identityHeaderNames.user]: user.name,
    [identityHeaderNames.group]: [...user.groups],
  }
  if (user.uid !== '') headers[identityHeaderNames.uid] = user.uid
  for (const [key, values] of Object.entries(user.extra ?? {}))
    headers[identityHeaderNames.extraPrefix + escaped(key)] = [...values]
  return headers
}

/** What no header's name may hold comes percent-encoded. */
function escaped(key: string): string {
  return encodeURIComponent(key).replace(
    /[()]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
