import { limits } from '../../base/limits.ts'
import type { FieldError } from '../kind.ts'
import { requestCardinality } from '../structural/cel-sizes.ts'
import { type CheckedRule, checkRule } from '../structural/compile-rules.ts'
import { fieldPathIn } from '../structural/field-path.ts'
import {
  isObject,
  type SchemaProps,
  type SchemaRule,
  schemaOfItems,
} from '../structural/schema-props.ts'
import { forbidden, invalid, notSupported, required } from '../validation/field-error.ts'
import { cardinalityBelow, expressionCostErrors, RuleCosts, repeated } from './rule-costs.ts'

export interface RuleOptions {
  /** Where the schema is wrong in another way: rules around are not compiled. */
  readonly wrongAt: readonly string[]
  /** False: the schema is no structural one, or a default of it is wrong. */
  readonly compiles: boolean
  /** The schema was there before: a rule may stay, whatever it is taken to cost. */
  readonly isUnchanged: boolean
}

/**
 * Whether the CEL rules of a schema are well formed and cheap enough
 * (apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go).
 */
export function ruleErrors(
  schema: SchemaProps,
  path: string,
  options: RuleOptions,
): readonly FieldError[] {
  const characters = ruleCharacters(schema)
  if (characters > limits.schemaRuleCharactersMax)
    return [
      forbidden(
        path,
        `x-kubernetes-validations of a schema may have ${limits.schemaRuleCharactersMax} characters together, these have ${characters}`,
      ),
    ]
  const walk = new RuleWalk(options)
  walk.visit({ schema, path, isRoot: true, uncorrelated: undefined, cardinality: 1n })
  return [...walk.formErrors, ...walk.celErrors, ...walk.costs.errors(path)]
}

function ruleCharacters(schema: SchemaProps): number {
  const own = (schema['x-kubernetes-validations'] ?? []).reduce(
    (sum, { rule = '', messageExpression = '' }) => sum + rule.length + messageExpression.length,
    0,
  )
  const items = schemaOfItems(schema)
  const { additionalProperties: additional } = schema
  const below = [
    ...Object.values(schema.properties ?? {}),
    ...(items ? [items] : []),
    ...(isObject(additional) ? [additional as SchemaProps] : []),
  ]
  return below.reduce((sum, one) => sum + ruleCharacters(one), own)
}

interface Place {
  readonly schema: SchemaProps
  readonly path: string
  readonly isRoot: boolean
  /** Where, on the way here, elements cease to be told apart from one write to the next. */
  readonly uncorrelated: string | undefined
  /** How many values there can be here; undefined: as many as fit a request. */
  readonly cardinality: bigint | undefined
}

class RuleWalk {
  readonly formErrors: FieldError[] = []
  readonly celErrors: FieldError[] = []
  readonly costs = new RuleCosts()
  readonly #options: RuleOptions

  constructor(options: RuleOptions) {
    this.#options = options
  }

  /** What is below comes first: a rule is compiled only when the forms of all below are good. */
  visit(place: Place): void {
    const before = this.formErrors.length
    for (const below of placesBelow(place)) this.visit(below)
    for (const [schema, path] of conditionsOf(place)) this.#formsOf(schema, path)
    this.#formsOf(place.schema, place.path)
    const isWrong =
      this.formErrors.length > before ||
      this.#options.wrongAt.some((one) => one.startsWith(place.path))
    if (isWrong || !this.#options.compiles) return
    place.schema['x-kubernetes-validations']?.forEach((rule, index) => {
      this.#compile(rule, `${place.path}.x-kubernetes-validations[${index}]`, place)
    })
  }

  #formsOf(schema: SchemaProps, path: string): void {
    schema['x-kubernetes-validations']?.forEach((rule, index) => {
      this.formErrors.push(
        ...formErrors(rule, `${path}.x-kubernetes-validations[${index}]`, schema),
      )
    })
  }

  #compile(rule: SchemaRule, path: string, place: Place): void {
    const checked = checkRule(place.schema, rule, place.isRoot)
    this.#judgeCost(checked, path, place)
    const shown = (field: string, text: string): FieldError => ({
      type: 'FieldValueInvalid',
      field: `${path}.${field}`,
      message: `Invalid value: ${printedRule(rule)}: ${text}`,
    })
    if (checked.problem !== undefined) this.celErrors.push(shown('rule', checked.problem))
    if (checked.messageProblem !== undefined)
      this.celErrors.push(shown('messageExpression', checked.messageProblem))
    else if (checked.messageCost !== undefined)
      this.#pay(`${path}.messageExpression`, 'messageExpression', checked.messageCost)
    this.celErrors.push(...transitionErrors(rule, checked, path, place))
  }

  #judgeCost({ cost = 0n }: CheckedRule, path: string, { schema, isRoot, cardinality }: Place) {
    const times = cardinality ?? requestCardinality(schema, isRoot)
    this.#pay(`${path}.rule`, 'rule', repeated(cost, times))
  }

  #pay(path: string, name: string, cost: bigint): void {
    if (!this.#options.isUnchanged)
      this.celErrors.push(...expressionCostErrors(path, `estimated ${name} cost`, cost))
    this.costs.add(path, cost)
  }
}

function placesBelow({ schema, path, uncorrelated, cardinality: own }: Place): Place[] {
  const items = schemaOfItems(schema)
  const { additionalProperties: additional } = schema
  const cardinality = cardinalityBelow(schema, own)
  const isCorrelated = schema['x-kubernetes-list-type'] === 'map'
  const below = (one: SchemaProps, name: string, within = uncorrelated): Place => ({
    schema: one,
    path: `${path}.${name}`,
    isRoot: one['x-kubernetes-embedded-resource'] === true,
    uncorrelated: within,
    cardinality,
  })
  return [
    ...(isObject(additional) ? [below(additional as SchemaProps, 'additionalProperties')] : []),
    ...Object.entries(schema.properties ?? {}).map(([name, one]) =>
      below(one, `properties[${name}]`),
    ),
    ...(items ? [below(items, 'items', uncorrelated ?? (isCorrelated ? undefined : path))] : []),
  ]
}

/** Schemas that say more of the same value. Rules of theirs run too, but are not compiled here. */
function conditionsOf({ schema, path }: Place): [SchemaProps, string][] {
  const found: [SchemaProps, string][] = []
  const add = (one: SchemaProps, at: string): void => {
    found.push([one, at])
    for (const [name, property] of Object.entries(one.properties ?? {}))
      add(property, `${at}.properties[${name}]`)
    const items = schemaOfItems(one)
    if (items) add(items, `${at}.items`)
    const { additionalProperties: additional } = one
    if (isObject(additional)) add(additional as SchemaProps, `${at}.additionalProperties`)
    for (const [inner, place] of nestedIn(one, at)) add(inner, place)
  }
  for (const [one, at] of nestedIn(schema, path)) add(one, at)
  return found
}

function nestedIn(schema: SchemaProps, path: string): [SchemaProps, string][] {
  const lists = (['allOf', 'oneOf', 'anyOf'] as const).flatMap((name) =>
    (schema[name] ?? []).map((one, index): [SchemaProps, string] => [
      one,
      `${path}.${name}[${index}]`,
    ]),
  )
  return schema.not ? [[schema.not, `${path}.not`], ...lists] : lists
}

const reasons = [
  'FieldValueDuplicate',
  'FieldValueForbidden',
  'FieldValueInvalid',
  'FieldValueRequired',
]

function formErrors(rule: SchemaRule, path: string, schema: SchemaProps): FieldError[] {
  const found = textErrors(rule, path)
  const { messageExpression, reason, fieldPath } = rule
  if (messageExpression && !messageExpression.trim())
    found.push(
      required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'),
    )
  if (reason !== undefined && !reasons.includes(reason))
    found.push(notSupported(`${path}.reason`, reason, reasons))
  if (!fieldPath) return found
  const at = `${path}.fieldPath`
  if (!fieldPath.trim()) found.push(invalid(at, fieldPath, 'must be non-empty if specified'))
  if (/[\r\n]/.test(fieldPath)) found.push(invalid(at, fieldPath, 'must not contain line breaks'))
  if (fieldPathIn(schema, fieldPath) === undefined)
    found.push(invalid(at, fieldPath, 'must be a valid path'))
  return found
}

function textErrors({ rule = '', message = '' }: SchemaRule, path: string): FieldError[] {
  const text = message.trim()
  if (!rule.trim()) return [required(`${path}.rule`, 'rule is not specified')]
  if (message && !text)
    return [invalid(`${path}.message`, message, 'must be non-empty if specified')]
  if (/[\r\n]/.test(text))
    return [invalid(`${path}.message`, message, 'must not contain line breaks')]
  if (/[\r\n]/.test(rule.trim()) && !text)
    return [required(`${path}.message`, 'message must be specified if rule contains line breaks')]
  return []
}

function transitionErrors(
  rule: SchemaRule,
  { usesOldSelf }: CheckedRule,
  path: string,
  { uncorrelated }: Place,
): FieldError[] {
  if (usesOldSelf && uncorrelated !== undefined)
    return [
      invalid(
        `${path}.rule`,
        rule.rule,
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`,
      ),
    ]
  if (usesOldSelf || rule.optionalOldSelf === undefined) return []
  return [
    invalid(
      `${path}.optionalOldSelf`,
      rule.optionalOldSelf,
      'may not be set if oldSelf is not used in rule',
    ),
  ]
}

/** A rule as Kubernetes prints it: its internal type as JSON. */
function printedRule(rule: SchemaRule): string {
  const text = JSON.stringify({
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  })
  // Go's encoder writes these so that they may stand in a page.
  return text.replace(/[<>&]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)
}
