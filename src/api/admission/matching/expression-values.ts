import type { Lookup } from '../../../kinds/cel/evaluator.ts'
import {
  type Ask,
  authorizerValue,
  type Question,
  resourceCheckValue,
} from '../../../kinds/cel/library/authorizer.ts'
import type { Value } from '../../../kinds/cel/values.ts'
import { celValueOf } from '../../../kinds/structural/cel-values.ts'
import type { HandlerContext } from '../../context.ts'
import type { Attributes } from '../../handlers/resource-context.ts'
import { nameOf, requestOf, shownObject } from './attributes.ts'

/** What expressions find under the names that admission gives them; each is made when it is asked for. */
export function admissionLookup(
  attributes: Attributes,
  more: Readonly<Record<string, () => Value>> = {},
): Lookup {
  const { context, object, old } = attributes
  const makers = new Map<string, () => Value>([
    ['object', () => celValueOf(shownObject(attributes, object))],
    ['oldObject', () => celValueOf(shownObject(attributes, old))],
    // Every field is there, empty where the request says nothing.
    [
      'request',
      () =>
        celValueOf({
          name: '',
          subResource: '',
          requestSubResource: '',
          namespace: '',
          ...requestOf(attributes),
        }),
    ],
    ['authorizer', () => authorizerValue(askOf(context))],
    [
      'authorizer.requestResource',
      () => resourceCheckValue(askOf(context), questionOf(attributes)),
    ],
    ...Object.entries(more),
  ])
  const known = new Map<string, Value>()
  return (name) => {
    const found = known.get(name)
    if (found !== undefined) return found
    const made = makers.get(name)?.()
    if (made !== undefined) known.set(name, made)
    return made
  }
}

function questionOf(attributes: Attributes): Question {
  const { kind, info } = attributes.context
  return {
    group: kind.group,
    resource: kind.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: nameOf(attributes),
  }
}

function askOf({ options, user }: HandlerContext): Ask {
  return (question, verb) => {
    const { serviceAccount: account } = question
    const asker = account
      ? {
          name: `system:serviceaccount:${account.namespace}:${account.name}`,
          uid: '',
          groups: [
            'system:serviceaccounts',
            `system:serviceaccounts:${account.namespace}`,
            'system:authenticated',
          ],
        }
      : user
    return options.authorizer.authorize(asker, {
      verb,
      isResource: question.path === undefined,
      group: question.group ?? '',
      resource: question.resource ?? '',
      subresource: question.subresource ?? '',
      namespace: question.namespace ?? '',
      name: question.name ?? '',
      path: question.path ?? '',
    })
  }
}
