import { column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { nameOf } from '../print.ts'
import { compareQuantities, parseQuantity } from '../quantity.ts'
import type { LimitRange, LimitRangeItem } from '../types.ts'
import { duplicate, forbidden, invalid, invalids, required } from '../validation/field-error.ts'
import { qualifiedNameProblems } from '../validation/names.ts'
import { containerResourceNameErrors, resourceNameErrors } from '../validation/resource-names.ts'

/** k8s.io/kubernetes pkg/apis/core/validation/validation.go: ValidateLimitRange */
export const limitRange = defineKind({
  kind: 'LimitRange',
  resource: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  definition: 'io.k8s.api.core.v1.LimitRange',
  createOnUpdate: true,
  validateCreate: specErrors,
  validateUpdate: specErrors,
  columns: [nameColumn, column('Created At', 'date', 'When it was created.')],
  row: (object) => [nameOf(object), object.metadata.creationTimestamp ?? ''],
})

function specErrors(object: AnyObject): FieldError[] {
  const seen = new Set<string>()
  return (typed<LimitRange>(object).spec?.limits ?? []).flatMap((item, index) => {
    const path = `spec.limits[${index}]`
    const errors = [...typeErrors(item.type ?? '', `${path}.type`), ...itemErrors(item, path)]
    if (seen.has(item.type)) errors.push(duplicate(`${path}.type`, item.type))
    seen.add(item.type)
    return errors
  })
}

const standardTypes: readonly string[] = ['Pod', 'Container', 'PersistentVolumeClaim']

function typeErrors(type: string, path: string): FieldError[] {
  if (type === '' || standardTypes.includes(type)) return []
  const errors = invalids(path, type, qualifiedNameProblems(type))
  if (errors.length > 0 || type.includes('/')) return errors
  return [invalid(path, type, 'must be a standard limit type or fully qualified')]
}

const amountFields = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const
/** A pod has no amounts of its own that could be filled in. */
const ofPods = ['max', 'min', 'maxLimitRequestRatio'] as const

function resourceErrors(item: LimitRangeItem, path: string): FieldError[] {
  const judge =
    item.type === 'Pod' || item.type === 'Container'
      ? containerResourceNameErrors
      : resourceNameErrors
  const fields = item.type === 'Pod' ? ofPods : amountFields
  return fields.flatMap((field) =>
    Object.keys(item[field] ?? {}).flatMap((name) => judge(name, `${path}.${field}[${name}]`)),
  )
}

function itemErrors(item: LimitRangeItem, path: string): FieldError[] {
  const { type, default: limit = {}, defaultRequest = {}, min = {}, max = {} } = item
  const errors = resourceErrors(item, path)
  if (type === 'Pod')
    for (const field of ['default', 'defaultRequest'] as const)
      if (item[field] !== undefined)
        errors.push(forbidden(`${path}.${field}`, "may not be specified when `type` is 'Pod'"))
  if (type === 'PersistentVolumeClaim' && !min['storage'] && !max['storage'])
    errors.push(
      required(
        path,
        'either minimum or maximum storage value is required, but neither was provided',
      ),
    )
  const all = [min, max, limit, defaultRequest]
  const names = new Set(all.flatMap((amounts) => Object.keys(amounts)))
  for (const name of [...names].sort()) {
    const least = amountOf(min, name, 'min')
    const most = amountOf(max, name, 'max')
    const usual = amountOf(limit, name, 'default')
    const request = amountOf(defaultRequest, name, 'default request')
    errors.push(
      ...orderErrors(least, most, least, `${path}.min[${name}]`),
      ...orderErrors(least, request, request, `${path}.defaultRequest[${name}]`),
      ...orderErrors(request, most, request, `${path}.defaultRequest[${name}]`),
      ...orderErrors(request, usual, request, `${path}.defaultRequest[${name}]`),
      ...orderErrors(least, usual, usual, `${path}.default[${name}]`),
      ...orderErrors(usual, most, usual, `${path}.default[${name}]`),
    )
  }
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {}))
    if (compareQuantities(parseQuantity(ratio), parseQuantity('1')) < 0)
      errors.push(
        invalid(`${path}.maxLimitRequestRatio[${name}]`, ratio, `ratio ${ratio} is less than 1`),
      )
  return errors
}

/** An amount and what it is called in messages. */
interface Amount {
  readonly title: string
  readonly text: string
}

function amountOf(
  amounts: Readonly<Record<string, string>>,
  name: string,
  title: string,
): Amount | undefined {
  const text = Object.hasOwn(amounts, name) ? amounts[name] : undefined
  return text === undefined ? undefined : { title, text }
}

/** `low` must not be more than `high`; `shown` is the one of them that the path names. */
function orderErrors(
  low: Amount | undefined,
  high: Amount | undefined,
  shown: Amount | undefined,
  path: string,
): FieldError[] {
  if (!low || !high) return []
  if (compareQuantities(parseQuantity(low.text), parseQuantity(high.text)) <= 0) return []
  const detail = `${low.title} value ${low.text} is greater than ${high.title} value ${high.text}`
  return [invalid(path, shown?.text, detail)]
}
