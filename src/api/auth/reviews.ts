import { isStatus, type StatusError, statusError } from '../../base/status.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import { formatTime } from '../../kinds/time.ts'
import type { Handler, HandlerContext } from '../context.ts'
import { invalidKind, methodNotAllowed } from '../errors.ts'
import { readBody } from '../handlers/request-body.ts'
import { answeredKind, representationAs } from '../representation.ts'
import { type Attributes, pinnedFields } from '../request-info.ts'
import { bytesResponse } from '../responses.ts'
import { authorizeFresh, type UserRules } from './authorizer.ts'
import type { User } from './user.ts'

/**
 * Questions about who one is and what one may do: `kubectl auth whoami`, `can-i`, `can-i --list`.
 * They are created, answered and never stored. By `<group>/<version>/<resource>`.
 */
export const reviewHandlers: ReadonlyMap<string, Handler> = new Map([
  review('authentication', 'SelfSubjectReview', ({ user }) => ({ userInfo: userInfo(user) }), made),
  review('authentication', 'TokenReview', ({ options }, spec) => tokenReview(options, spec)),
  review('authorization', 'SelfSubjectAccessReview', ({ user, options }, spec) =>
    decided(options, 'SelfSubjectAccessReview', user, spec),
  ),
  review('authorization', 'SelfSubjectRulesReview', ({ user, options }, spec) => {
    const namespace = textOf(spec, 'namespace')
    if (namespace === '') throw statusError('BadRequest', 'no namespace on request')
    return rulesReview(options.authorizer.rulesOf(user, namespace))
  }),
  review('authorization', 'SubjectAccessReview', ({ options }, spec) =>
    decidedFor(options, 'SubjectAccessReview', spec),
  ),
  review('authorization', 'LocalSubjectAccessReview', ({ info, options }, spec) => {
    const asked = recordOf(spec, 'resourceAttributes')
    if (asked && textOf(asked, 'namespace') !== info.namespace)
      throw statusError(
        'BadRequest',
        `spec.resourceAttributes.namespace must match namespace: ${info.namespace}`,
      )
    return decidedFor(options, 'LocalSubjectAccessReview', spec)
  }),
])

type Fields = Readonly<Record<string, unknown>>

function review(
  group: 'authentication' | 'authorization',
  kind: string,
  answer: (context: HandlerContext, spec: Fields) => object | Promise<object>,
  metadataOf: (context: HandlerContext, asked: AnyObject) => object = (_, { metadata }) =>
    metadata ?? {},
): [string, Handler] {
  const apiVersion = `${group}.k8s.io/v1`
  const definition = `io.k8s.api.${group}.v1.${kind}`
  const shown = answeredKind({ group: `${group}.k8s.io`, version: 'v1', kind, definition })
  return [
    `${apiVersion}/${kind.toLowerCase()}s`,
    async (context) => {
      if (context.info.verb !== 'create' || context.info.name !== '') throw methodNotAllowed()
      const representation = representationAs(context, shown)
      const asked = readBody(context, { definition, kind, apiVersions: [apiVersion] })
      const spec = (asked['spec'] ?? {}) as Fields
      const bytes = representation.value({
        kind,
        apiVersion,
        metadata: metadataOf(context, asked),
        ...(asked['spec'] === undefined ? {} : { spec }),
        status: await answer(context, spec),
      })
      return bytesResponse(201, [bytes], representation.contentType)
    },
  ]
}

/** A review that takes nothing of what was asked: it is made now (pkg/registry/authentication/selfsubjectreview). */
function made({ options }: HandlerContext): object {
  return { creationTimestamp: formatTime(options.clock.wallMs()) }
}

/** Whom a token belongs to (pkg/registry/authentication/tokenreview). Says nothing about why it does not hold. */
async function tokenReview(options: HandlerContext['options'], spec: Fields): Promise<object> {
  const token = textOf(spec, 'token')
  if (token === '')
    throw statusError('BadRequest', 'token is required for TokenReview in authentication')
  const wanted = (spec['audiences'] ?? []) as readonly string[]
  const refused = { user: {}, error: 'invalid bearer token' }
  if (!options.tokenReviewer) return refused
  try {
    const { user, audiences } = await options.tokenReviewer.reviewToken(token, wanted)
    return { authenticated: true, user: userInfo(user), audiences }
  } catch (error) {
    if (!isStatus(error, 'Unauthorized')) throw error
    return refused
  }
}

function userInfo(user: User): object {
  return {
    username: user.name,
    ...(user.uid === '' ? {} : { uid: user.uid }),
    groups: user.groups,
    ...(user.extra ? { extra: user.extra } : {}),
  }
}

async function decided(
  options: HandlerContext['options'],
  kind: string,
  user: User,
  spec: Fields,
): Promise<object> {
  const { allowed, reason } = await authorizeFresh(options, user, attributesOf(kind, spec))
  return { allowed, ...(reason === '' ? {} : { reason }) }
}

async function decidedFor(options: HandlerContext['options'], kind: string, spec: Fields) {
  return await decided(options, kind, subjectOf(kind, spec), spec)
}

/** What a review asks about. Throws Invalid unless it names one thing. */
function attributesOf(kind: string, spec: Fields): Attributes {
  const resource = recordOf(spec, 'resourceAttributes')
  const path = recordOf(spec, 'nonResourceAttributes')
  if ((resource === undefined) === (path === undefined))
    throw refusedSpec(
      kind,
      resource ? 'spec.nonResourceAttributes' : 'spec.resourceAttributes',
      resource
        ? 'cannot be specified in combination with resourceAttributes'
        : 'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    )
  const asked = resource ?? path ?? {}
  return {
    verb: textOf(asked, 'verb'),
    isResource: resource !== undefined,
    group: textOf(asked, 'group'),
    resource: textOf(asked, 'resource'),
    subresource: textOf(asked, 'subresource'),
    namespace: textOf(asked, 'namespace'),
    name: textOf(asked, 'name'),
    path: textOf(asked, 'path'),
    pinned: pinnedOf(recordOf(asked, 'fieldSelector') ?? {}),
  }
}

/** Of the requirements of a field selector, or its text, those that demand one value. */
function pinnedOf(selector: Fields): ReadonlyMap<string, string> {
  const requirements = (selector['requirements'] ?? []) as readonly Fields[]
  const exact = requirements.flatMap(({ key, operator, values }): [string, string][] => {
    const [value, ...others] = (values ?? []) as readonly string[]
    const isExact = operator === 'In' && value !== undefined && others.length === 0
    return isExact ? [[String(key), value]] : []
  })
  return new Map([...pinnedFields(textOf(selector, 'rawSelector')), ...exact])
}

function subjectOf(kind: string, spec: Fields): User {
  const groups = (spec['groups'] ?? []) as readonly string[]
  const extra = spec['extra'] as User['extra']
  const name = textOf(spec, 'user')
  if (name === '' && groups.length === 0)
    throw refusedSpec(kind, 'spec.user', 'at least one of user or group must be specified', '""')
  return { name, uid: textOf(spec, 'uid'), groups, ...(extra ? { extra } : {}) }
}

function refusedSpec(kind: string, field: string, why: string, value = 'null'): StatusError {
  return invalidKind(kind, 'authorization.k8s.io', '', [
    { type: 'FieldValueInvalid', field, message: `Invalid value: ${value}: ${why}` },
  ])
}

/** The rules that hold for a user, in the form of `kubectl auth can-i --list`. */
function rulesReview({ rules, incomplete, errors }: UserRules): object {
  const resources = rules.filter((rule) => (rule.resources ?? []).length > 0)
  const paths = rules.filter((rule) => (rule.nonResourceURLs ?? []).length > 0)
  return {
    resourceRules: resources.map(({ verbs, apiGroups, resources: named, resourceNames }) => ({
      verbs,
      apiGroups,
      resources: named,
      ...(resourceNames ? { resourceNames } : {}),
    })),
    nonResourceRules: paths.map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete,
    ...(errors.length > 0 ? { evaluationError: errors.join(', ') } : {}),
  }
}

function recordOf(fields: Fields, name: string): Fields | undefined {
  return fields[name] as Fields | undefined
}

function textOf(fields: Fields, name: string): string {
  return (fields[name] ?? '') as string
}
