import type { FieldError } from '../kind.ts'
import { compareQuantities, parseQuantity } from '../quantity.ts'
import type { ResourceRequirements } from '../types.ts'
import { invalid } from '../validation/field-error.ts'
import { containerResourceNameErrors } from '../validation/resource-names.ts'

/** Names, signs, and requests within limits. */
export function validateResources(
  resources: ResourceRequirements | undefined,
  path: string,
): FieldError[] {
  const { limits = {}, requests = {} } = resources ?? {}
  const errors: FieldError[] = []
  for (const [name, amount] of Object.entries(limits))
    errors.push(...amountErrors(name, amount, `${path}.limits`))
  for (const [name, amount] of Object.entries(requests)) {
    errors.push(...amountErrors(name, amount, `${path}.requests`))
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined
    if (limit === undefined) continue
    if (compareQuantities(parseQuantity(amount), parseQuantity(limit)) > 0)
      errors.push(
        invalid(
          `${path}.requests`,
          amount,
          `must be less than or equal to ${name} limit of ${limit}`,
        ),
      )
  }
  return errors
}

function amountErrors(name: string, amount: string, path: string): FieldError[] {
  const at = `${path}[${name}]`
  const errors = containerResourceNameErrors(name, at)
  const { nano } = parseQuantity(amount)
  if (nano < 0n) errors.push(invalid(at, amount, 'must be greater than or equal to 0'))
  // Devices come whole.
  if (name.includes('/') && nano % 1_000_000_000n !== 0n)
    errors.push(invalid(at, amount, 'must be an integer'))
  return errors
}
