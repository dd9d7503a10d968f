import { statusError } from '../../base/status.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import type { Handler, HandlerContext, User } from '../context.ts'
import { methodNotAllowed } from '../errors.ts'
import { readBody } from '../handlers/request-body.ts'
import { jsonResponse } from '../responses.ts'
import { type Attributes, authorize, rulesOf } from './authorize.ts'
import { nodeNameOf } from './node-restriction.ts'

/**
 * Questions about who one is and what one may do: `kubectl auth whoami`, `can-i`, `can-i --list`.
 * They are created, answered and never stored. By `<group>/<version>/<resource>`.
 */
export const reviewHandlers: ReadonlyMap<string, Handler> = new Map([
  review('authentication', 'SelfSubjectReview', ({ user }) => ({ userInfo: userInfo(user) })),
  review('authorization', 'SelfSubjectAccessReview', ({ user }, spec) => decided(user, spec)),
  review('authorization', 'SelfSubjectRulesReview', ({ user }, spec) =>
    rules(user, textOf(spec, 'namespace')),
  ),
  review('authorization', 'SubjectAccessReview', (_context, spec) =>
    decided(subjectOf(spec), spec),
  ),
  review('authorization', 'LocalSubjectAccessReview', ({ info }, spec) => {
    const asked = recordOf(spec, 'resourceAttributes')
    if (asked && textOf(asked, 'namespace') !== info.namespace)
      throw statusError(
        'BadRequest',
        `spec.resourceAttributes.namespace must match namespace: ${info.namespace}`,
      )
    return decided(subjectOf(spec), spec)
  }),
])

type Fields = Readonly<Record<string, unknown>>

function review(
  group: 'authentication' | 'authorization',
  kind: string,
  answer: (context: HandlerContext, spec: Fields) => object,
): [string, Handler] {
  const apiVersion = `${group}.k8s.io/v1`
  const expected = {
    definition: `io.k8s.api.${group}.v1.${kind}`,
    kind,
    apiVersions: [apiVersion],
  }
  return [
    `${apiVersion}/${kind.toLowerCase()}s`,
    async (context) => {
      if (context.info.verb !== 'create' || context.info.name !== '') throw methodNotAllowed()
      const asked: AnyObject = readBody(context, expected)
      const spec = (asked['spec'] ?? {}) as Fields
      return jsonResponse(201, {
        kind,
        apiVersion,
        metadata: asked.metadata ?? {},
        ...(asked['spec'] === undefined ? {} : { spec }),
        status: answer(context, spec),
      })
    },
  ]
}

function userInfo(user: User): object {
  return {
    username: user.name,
    ...(user.uid === '' ? {} : { uid: user.uid }),
    groups: user.groups,
    ...(user.extra ? { extra: user.extra } : {}),
  }
}

function decided(user: User, spec: Fields): object {
  const { allowed, reason } = authorize(user, attributesOf(spec))
  return { allowed, ...(reason === '' ? {} : { reason }) }
}

/** What a review asks about. Throws BadRequest unless it names one thing. */
function attributesOf(spec: Fields): Attributes {
  const resource = recordOf(spec, 'resourceAttributes')
  const path = recordOf(spec, 'nonResourceAttributes')
  if ((resource === undefined) === (path === undefined))
    throw statusError(
      'BadRequest',
      'spec must name exactly one of nonResourceAttributes and resourceAttributes',
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
  }
}

function subjectOf(spec: Fields): User {
  const groups = (spec['groups'] ?? []) as readonly string[]
  const name = textOf(spec, 'user')
  if (name === '' && groups.length === 0)
    throw statusError('BadRequest', 'spec must name a user or at least one group')
  return { name, uid: textOf(spec, 'uid'), groups }
}

/** The rules that hold for `user` in a namespace, in the form of `kubectl auth can-i --list`. */
function rules(user: User, namespace: string): object {
  const { resources, paths } = rulesOf(user)
  const node = nodeNameOf(user)
  return {
    resourceRules: resources
      .filter((rule) => rule.namespace === undefined || rule.namespace === namespace)
      .map((rule) => ({
        verbs: rule.verbs,
        apiGroups: rule.groups,
        resources: rule.resources,
        ...(rule.ownNodeOnly && node !== undefined ? { resourceNames: [node] } : {}),
      })),
    nonResourceRules: paths.map((rule) => ({ verbs: rule.verbs, nonResourceURLs: rule.paths })),
    incomplete: false,
  }
}

function recordOf(fields: Fields, name: string): Fields | undefined {
  return fields[name] as Fields | undefined
}

function textOf(fields: Fields, name: string): string {
  return (fields[name] ?? '') as string
}
