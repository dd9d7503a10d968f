import { isStatus, type StatusError, statusError } from '../../base/status.ts'
import { defineKind } from '../../kinds/define-kind.ts'
import type { AnyObject, FieldError } from '../../kinds/kind.ts'
import { formatTime } from '../../kinds/time.ts'
import { invalid } from '../../kinds/validation/field-error.ts'
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
    decided(options, user, spec),
  ),
  review('authorization', 'SelfSubjectRulesReview', ({ user, options }, spec) => {
    const namespace = textOf(spec, 'namespace')
    if (namespace === '') throw statusError('BadRequest', 'no namespace on request')
    return rulesReview(options.authorizer.rulesOf(user, namespace))
  }),
  review('authorization', 'SubjectAccessReview', ({ options }, spec) => decidedFor(options, spec)),
  review('authorization', 'LocalSubjectAccessReview', ({ info, options }, spec) => {
    const errors = [...subjectErrors(spec), ...localErrors(spec, info.namespace)]
    if (errors.length > 0) throw refusedSpec(errors)
    return decidedFor(options, spec)
  }),
])

/** It is answered with what was found, not with what was asked. */
const rulesKind = 'SelfSubjectRulesReview'

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
  const singular = kind.toLowerCase()
  const reviewed = defineKind({
    ...{ group: `${group}.k8s.io`, kind, singular, resource: `${singular}s`, definition },
    namespaced: kind.startsWith('Local'),
  })
  return [
    `${apiVersion}/${reviewed.resource}`,
    async (context) => {
      if (context.info.verb !== 'create' || context.info.name !== '') throw methodNotAllowed()
      const representation = representationAs(context, shown)
      const body = readBody(context, { definition, kind, apiVersions: [apiVersion] })
      const asked = (await context.admit?.(reviewed, body)) ?? body
      const spec = (asked['spec'] ?? {}) as Fields
      const bytes = representation.value({
        kind,
        apiVersion,
        metadata: metadataOf(context, asked),
        ...(asked['spec'] === undefined ? {} : { spec: kind === rulesKind ? {} : spec }),
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
  user: User,
  spec: Fields,
): Promise<object> {
  const { allowed, reason } = await authorizeFresh(options, user, attributesOf(spec))
  return { allowed, ...(reason === '' ? {} : { reason }) }
}

async function decidedFor(options: HandlerContext['options'], spec: Fields) {
  const errors = subjectErrors(spec)
  if (errors.length > 0) throw refusedSpec(errors)
  return await decided(options, subjectOf(spec), spec)
}

const pathField = 'spec.nonResourceAttributes'

/** It names one thing (pkg/apis/authorization/validation). */
function attributeErrors(spec: Fields): FieldError[] {
  const resource = recordOf(spec, 'resourceAttributes')
  const path = recordOf(spec, 'nonResourceAttributes')
  if (resource && path)
    return [
      invalid(
        pathField,
        shownPath(path),
        'cannot be specified in combination with resourceAttributes',
      ),
    ]
  if (resource || path) return []
  return [
    invalid(
      'spec.resourceAttributes',
      null,
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ),
  ]
}

/** As Go prints its fields. */
function shownPath(path: Fields): object {
  return { Path: textOf(path, 'path'), Verb: textOf(path, 'verb') }
}

function subjectErrors(spec: Fields): FieldError[] {
  const groups = (spec['groups'] ?? []) as readonly string[]
  const isNobody = textOf(spec, 'user') === '' && groups.length === 0
  return [
    ...attributeErrors(spec),
    ...(isNobody
      ? [invalid('spec.user', '', 'at least one of user or group must be specified')]
      : []),
  ]
}

/** One of a namespace asks about that namespace alone. */
function localErrors(spec: Fields, namespace: string): FieldError[] {
  const resource = recordOf(spec, 'resourceAttributes')
  const path = recordOf(spec, 'nonResourceAttributes')
  const asked = resource ? textOf(resource, 'namespace') : namespace
  return [
    ...(asked === namespace
      ? []
      : [invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace')]),
    ...(path ? [invalid(pathField, shownPath(path), 'disallowed on this kind of request')] : []),
  ]
}

/** What a review asks about. Throws Invalid unless it names one thing. */
function attributesOf(spec: Fields): Attributes {
  const errors = attributeErrors(spec)
  if (errors.length > 0) throw refusedSpec(errors)
  const resource = recordOf(spec, 'resourceAttributes')
  const path = recordOf(spec, 'nonResourceAttributes')
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

function subjectOf(spec: Fields): User {
  const groups = (spec['groups'] ?? []) as readonly string[]
  const extra = spec['extra'] as User['extra']
  const name = textOf(spec, 'user')
  return { name, uid: textOf(spec, 'uid'), groups, ...(extra ? { extra } : {}) }
}

/** Kubernetes names no kind here. */
function refusedSpec(errors: readonly FieldError[]): StatusError {
  return invalidKind('', 'authorization.k8s.io', '', errors)
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
