import { timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../kinds/types.ts'
import type { StoreView } from '../../state/cluster-store.ts'
import { objectKey } from '../storage-keys.ts'
import { parseObject } from '../stored-object.ts'
import type { User } from './user.ts'

/** Finds whom a bootstrap token speaks for. */
export interface BootstrapTokens {
  /** Undefined when the token is not known, is over, or may not be used to sign in. */
  userOf(token: string, nowMs: number): User | undefined
}

const place = { group: '', resource: 'secrets', namespaced: true }
const secretType = 'bootstrap.kubernetes.io/token'
const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/
const ownGroup = 'system:bootstrappers'

/** Six characters that name the token, a dot, sixteen that prove it. */
export function isBootstrapToken(token: string): boolean {
  return tokenPattern.test(token)
}

/**
 * Bootstrap tokens: Secrets `bootstrap-token-<id>` of kube-system, with which a node that has no
 * certificate yet asks for one (plugin/pkg/auth/authenticator/token/bootstrap).
 */
export function storedBootstrapTokens(view: StoreView): BootstrapTokens {
  return {
    userOf(token, nowMs) {
      const [, id = '', proof = ''] = tokenPattern.exec(token) ?? []
      const record = view.get(objectKey(place, 'kube-system', `bootstrap-token-${id}`))
      if (!record) return undefined
      const secret = parseObject(record.value) as Secret
      const field = (name: string) => textOf(secret, name)
      if (secret.type !== secretType || secret.metadata.deletionTimestamp) return undefined
      if (field('token-id') !== id || !isSame(field('token-secret'), proof)) return undefined
      if (isExpired(field('expiration'), nowMs)) return undefined
      if (field('usage-bootstrap-authentication') !== 'true') return undefined
      const groups = groupsOf(field('auth-extra-groups'))
      if (!groups) return undefined
      const name = `system:bootstrap:${id}`
      return { name, uid: '', groups: [ownGroup, ...groups, 'system:authenticated'] }
    },
  }
}

function textOf({ data }: Secret, name: string): string {
  const value = data && Object.hasOwn(data, name) ? data[name] : undefined
  return Buffer.from(value ?? '', 'base64').toString('utf8')
}

/** In constant time, whatever the secret holds. */
function isSame(stored: string, shown: string): boolean {
  const left = Buffer.from(stored)
  const right = Buffer.from(shown)
  return left.length === right.length && timingSafeEqual(left, right)
}

/** A time that cannot be read is over. */
function isExpired(expiration: string, nowMs: number): boolean {
  if (expiration === '') return false
  return !(Date.parse(expiration) > nowMs)
}

/** Undefined when one of them is no group that such a token may give. */
function groupsOf(text: string): string[] | undefined {
  const groups = text.split(',').filter((group) => group !== '')
  return groups.every((group) => groupPattern.test(group)) ? groups : undefined
}
