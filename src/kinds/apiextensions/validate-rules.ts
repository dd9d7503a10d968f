import type { FieldError } from '../kind.ts'
import { isPlainPath, namesOf, parseJsonPath } from '../structural/json-path.ts'
import { compileRule } from '../structural/rules.ts'
import {
  isObject,
  type SchemaProps,
  type SchemaRule,
  schemaOfItems,
  schemaOfMember,
} from '../structural/schema-props.ts'
import { forbidden, invalid, notSupported, required } from '../validation/field-error.ts'

/**
 * Whether the CEL rules of a schema are well formed
 * (apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go).
 */
export function ruleErrors(schema: SchemaProps, path: string): FieldError[] {
  const found: FieldError[] = []
  check({ schema, path, isRoot: true, uncorrelated: undefined }, found)
  return found
}

interface Place {
  readonly schema: SchemaProps
  readonly path: string
  readonly isRoot: boolean
  /** Where, on the way here, elements cease to be told apart from one write to the next. */
  readonly uncorrelated: string | undefined
}

function check(place: Place, found: FieldError[]): void {
  const { schema, path } = place
  schema['x-kubernetes-validations']?.forEach((rule, index) => {
    found.push(...errorsOf(rule, `${path}.x-kubernetes-validations[${index}]`, place))
  })
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const)
    schema[name]?.forEach((one, index) => {
      if ((one['x-kubernetes-validations'] ?? []).length > 0)
        found.push(
          forbidden(
            `${path}.${name}[${index}].x-kubernetes-validations`,
            'must be empty to be structural',
          ),
        )
    })
  for (const below of placesBelow(place)) check(below, found)
}

function placesBelow({ schema, path, uncorrelated }: Place): Place[] {
  const items = schemaOfItems(schema)
  const { additionalProperties: additional } = schema
  const isCorrelated = schema['x-kubernetes-list-type'] === 'map'
  return [
    ...Object.entries(schema.properties ?? {}).map(([name, one]) => ({
      schema: one,
      path: `${path}.properties[${name}]`,
      isRoot: false,
      uncorrelated,
    })),
    ...(items
      ? [
          {
            schema: items,
            path: `${path}.items`,
            isRoot: false,
            uncorrelated: uncorrelated ?? (isCorrelated ? undefined : path),
          },
        ]
      : []),
    ...(isObject(additional)
      ? [
          {
            schema: additional as SchemaProps,
            path: `${path}.additionalProperties`,
            isRoot: false,
            uncorrelated,
          },
        ]
      : []),
  ]
}

const reasons = [
  'FieldValueDuplicate',
  'FieldValueForbidden',
  'FieldValueInvalid',
  'FieldValueRequired',
]

function errorsOf(rule: SchemaRule, path: string, place: Place): FieldError[] {
  const found: FieldError[] = []
  if (!rule.rule?.trim()) return [required(`${path}.rule`, 'rule is not specified')]
  if (rule.message && !rule.message.trim())
    found.push(invalid(`${path}.message`, rule.message, 'must be non-empty if specified'))
  else if (/[\r\n]/.test(rule.message ?? ''))
    found.push(invalid(`${path}.message`, rule.message, 'must not contain line breaks'))
  if (/[\r\n]/.test(rule.rule) && !rule.message)
    found.push(
      required(`${path}.message`, 'message must be specified if rule contains line breaks'),
    )
  if (rule.reason && !reasons.includes(rule.reason))
    found.push(notSupported(`${path}.reason`, rule.reason, reasons))
  if (rule.fieldPath !== undefined && !leadsSomewhere(place.schema, rule.fieldPath))
    found.push(
      invalid(
        `${path}.fieldPath`,
        rule.fieldPath,
        'fieldPath must be a valid path: it leads to no field of the schema',
      ),
    )
  const compiled = compileRule(place.schema, rule, place.isRoot)
  if ('text' in compiled)
    return [
      ...found,
      {
        type: 'FieldValueInvalid',
        field: `${path}.${compiled.field}`,
        message: `Invalid value: ${printedRule(rule)}: ${compiled.text}`,
      },
    ]
  if (compiled.isTransition && place.uncorrelated !== undefined)
    found.push(
      invalid(
        `${path}.rule`,
        rule.rule,
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelated}`,
      ),
    )
  if (rule.optionalOldSelf !== undefined && !compiled.isTransition)
    found.push(
      invalid(
        `${path}.optionalOldSelf`,
        rule.optionalOldSelf,
        'may not be set if oldSelf is not used in rule',
      ),
    )
  return found
}

function leadsSomewhere(schema: SchemaProps, text: string): boolean {
  try {
    const path = parseJsonPath(text)
    if (!isPlainPath(path)) return false
    let at: SchemaProps | undefined = schema
    for (const name of namesOf(path)) at = at && schemaOfMember(at, name)
    return at !== undefined
  } catch {
    return false
  }
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
