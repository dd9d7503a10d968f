import { CelRuntimeError } from '../errors.ts'
import { method, type Overload } from '../functions.ts'
import { boolType, opaque, stringType } from '../types.ts'
import { Opaque } from '../values.ts'

/** Questions to the authorizer (apiserver pkg/cel/library/authz.go). */

const authorizerName = 'kubernetes.authorization.Authorizer'
const pathName = 'kubernetes.authorization.PathCheck'
const groupName = 'kubernetes.authorization.GroupCheck'
const resourceName = 'kubernetes.authorization.ResourceCheck'
const decisionName = 'kubernetes.authorization.Decision'

export const authorizerType = opaque(authorizerName)
const pathCheckType = opaque(pathName)
const groupCheckType = opaque(groupName)
export const resourceCheckType = opaque(resourceName)
const decisionType = opaque(decisionName)

/** What is asked; whoever evaluates puts the request's user behind it. */
export interface Question {
  readonly path?: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  /** Another user than the one who made the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string }
}

export interface Verdict {
  readonly allowed: boolean
  readonly reason: string
}

/** Answers a question about a verb. */
export type Ask = (question: Question, verb: string) => Verdict

interface Asking {
  readonly ask: Ask
  readonly question: Question
}

type Check = Opaque<Asking>

export function authorizerValue(ask: Ask): Opaque<Asking> {
  return make(authorizerName, { ask, question: {} })
}

export function resourceCheckValue(ask: Ask, question: Question): Opaque<Asking> {
  return make(resourceName, { ask, question })
}

function make(type: string, content: Asking): Check {
  return new Opaque(type, content, JSON.stringify(content.question))
}

function narrowed(type: string, { content }: Check, more: Question): Check {
  return make(type, { ...content, question: { ...content.question, ...more } })
}

const part = (name: 'subresource' | 'namespace' | 'name') =>
  method<[Check, string]>(resourceCheckType, name, [stringType], resourceCheckType, (check, text) =>
    narrowed(resourceName, check, { [name]: text }),
  )

function decide({ content }: Check, verb: string): Opaque<Verdict> {
  if (verb === '') throw new CelRuntimeError('verb must not be empty')
  const verdict = content.ask(content.question, verb)
  return new Opaque(decisionName, verdict, JSON.stringify(verdict))
}

/** A question costs more than a step: it goes through the rules of a user. */
const questionCost = 35_000

export const authorizerFunctions: readonly Overload[] = [
  method<[Check, string]>(authorizerType, 'path', [stringType], pathCheckType, (check, path) => {
    if (path === '') throw new CelRuntimeError('path must not be empty')
    return narrowed(pathName, check, { path })
  }),
  method<[Check, string]>(authorizerType, 'group', [stringType], groupCheckType, (check, group) =>
    narrowed(groupName, check, { group }),
  ),
  method<[Check, string, string]>(
    authorizerType,
    'serviceAccount',
    [stringType, stringType],
    authorizerType,
    (check, namespace, name) =>
      narrowed(authorizerName, check, { serviceAccount: { namespace, name } }),
  ),
  method<[Check, string]>(
    groupCheckType,
    'resource',
    [stringType],
    resourceCheckType,
    (check, resource) => narrowed(resourceName, check, { resource }),
  ),
  part('subresource'),
  part('namespace'),
  part('name'),
  ...[pathCheckType, resourceCheckType].map((type) =>
    method<[Check, string]>(type, 'check', [stringType], decisionType, (check, verb, budget) => {
      budget.work(questionCost)
      return decide(check, verb)
    }),
  ),
  method<[Opaque<Verdict>]>(
    decisionType,
    'allowed',
    [],
    boolType,
    ({ content }) => content.allowed,
  ),
  method<[Opaque<Verdict>]>(
    decisionType,
    'reason',
    [],
    stringType,
    ({ content }) => content.reason,
  ),
  // Ours never fails: it decides from what the member holds.
  method<[Opaque<Verdict>]>(decisionType, 'errored', [], boolType, () => false),
  method<[Opaque<Verdict>]>(decisionType, 'error', [], stringType, () => ''),
]
