import type { AnyObject, Kind } from '../../kinds/kind.ts'
import {
  type FieldRequirement,
  type LabelSelector,
  parseFieldSelector,
  parseLabelSelector,
} from '../../kinds/selector.ts'
import { badRequest } from '../errors.ts'
import { isKeySegment, keyAfter, objectKey, prefixEnd, resourcePrefix } from '../storage-keys.ts'
import type { ListOptions } from './list-options.ts'
import type { ResourceContext } from './resource-context.ts'

/**
 * Which objects a list or watch is about: a range of keys and, within it, label and field
 * selectors. A selector that pins name or namespace narrows the range instead of being matched.
 */
export class Selection {
  /** Keys in [start, end) come into question. */
  readonly start: string
  readonly end: string
  /** True when every object of the range is selected. */
  readonly everything: boolean
  readonly #kind: Kind
  readonly #labels: LabelSelector
  readonly #fields: readonly FieldRequirement[]

  /** Throws BadRequest for a selector that cannot be read or names a field that the kind has not. */
  constructor(
    context: Pick<ResourceContext, 'kind' | 'info'>,
    options: Pick<ListOptions, 'labelSelector' | 'fieldSelector'>,
  ) {
    const { kind, info } = context
    this.#kind = kind
    this.#labels = parseLabelSelector(options.labelSelector)
    this.#fields = options.fieldSelector === '' ? [] : parseFieldSelector(options.fieldSelector)
    for (const { field } of this.#fields) checkField(kind, field)
    if (info.namespace !== '' && !isKeySegment(info.namespace))
      throw badRequest(`${JSON.stringify(info.namespace)} cannot be the name of a namespace`)
    const namespace =
      info.namespace !== '' ? info.namespace : (this.#pinned('metadata.namespace') ?? '')
    const name = info.name !== '' ? info.name : this.#pinned('metadata.name')
    if (name !== undefined && (!kind.namespaced || isKeySegment(namespace))) {
      this.start = objectKey(kind, namespace, name)
      this.end = keyAfter(this.start)
    } else {
      this.start = resourcePrefix(kind, namespace)
      this.end = prefixEnd(this.start)
    }
    this.everything = this.#labels.empty && this.#fields.length === 0
  }

  matches(object: AnyObject): boolean {
    if (!this.#labels.empty && !this.#labels.matches(object.metadata.labels)) return false
    if (this.#fields.length === 0) return true
    const values = this.#kind.selectableFields(object)
    return this.#fields.every(({ field, operator, value }) => {
      const actual = fieldOf(object, field) ?? values.get(field) ?? ''
      return (actual === value) === (operator === '=')
    })
  }

  #pinned(field: string): string | undefined {
    const pin = this.#fields.find((one) => one.field === field && one.operator === '=')
    return pin && isKeySegment(pin.value) ? pin.value : undefined
  }
}

function fieldOf(object: AnyObject, field: string): string | undefined {
  if (field === 'metadata.name') return object.metadata.name ?? ''
  if (field === 'metadata.namespace') return object.metadata.namespace ?? ''
  return undefined
}

function checkField(kind: Kind, field: string): void {
  if (field === 'metadata.name') return
  // Kinds that select by fields of their own say so themselves, and nodes do not name namespaces.
  if (field === 'metadata.namespace' && (kind.namespaced || kind.selectableFieldNames.length === 0))
    return
  if (kind.selectableFieldNames.includes(field)) return
  throw badRequest(
    kind.selectableFieldNames.length > 0
      ? `field label not supported: ${field}`
      : `${JSON.stringify(field)} is not a known field selector: ` +
          'only "metadata.name", "metadata.namespace"',
  )
}
