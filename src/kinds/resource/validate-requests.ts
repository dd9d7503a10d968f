import type { FieldError } from '../kind.ts'
import type { DeviceRequest, DeviceSelector, ResourceClaimSpec } from '../types.ts'
import { duplicate, invalid, invalids, required, tooMany } from '../validation/field-error.ts'
import { dns1123LabelProblems } from '../validation/names.ts'

/** k8s.io/kubernetes pkg/apis/resource/validation/validation.go */

const selectorsMax = 32
const requestsMax = 32

export function selectorErrors(
  selectors: readonly DeviceSelector[] = [],
  path: string,
): FieldError[] {
  if (selectors.length > selectorsMax) return [tooMany(path, selectors.length, selectorsMax)]
  return selectors.flatMap(({ cel }, index) => (cel ? [] : [required(`${path}[${index}].cel`)]))
}

/** What a claim asks for. */
export function validateClaimRequests(
  spec: ResourceClaimSpec | undefined,
  path: string,
): FieldError[] {
  const { requests = [], constraints = [] } = spec?.devices ?? {}
  const at = `${path}.devices`
  if (requests.length > requestsMax)
    return [tooMany(`${at}.requests`, requests.length, requestsMax)]
  const names = new Set<string>()
  const errors = requests.flatMap((request, index) => {
    const found = requestErrors(request, `${at}.requests[${index}]`)
    if (names.has(request.name))
      found.push(duplicate(`${at}.requests[${index}].name`, request.name))
    names.add(request.name)
    return found
  })
  for (const [index, { requests: named = [] }] of constraints.entries())
    for (const [position, name] of named.entries())
      if (!names.has(name.split('/')[0] ?? ''))
        errors.push(
          invalid(
            `${at}.constraints[${index}].requests[${position}]`,
            name,
            "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
          ),
        )
  return errors
}

function requestErrors(request: DeviceRequest, path: string): FieldError[] {
  const { name = '', exactly, firstAvailable = [] } = request
  const errors = name === '' ? [] : invalids(`${path}.name`, name, dns1123LabelProblems(name))
  if (exactly && firstAvailable.length > 0)
    return [
      ...errors,
      invalid(path, request, 'exactly one of `exactly` or `firstAvailable` is required'),
    ]
  if (!exactly && firstAvailable.length === 0)
    return [...errors, required(path, 'exactly one of `exactly` or `firstAvailable` is required')]
  if (!exactly) return errors
  if (exactly.allocationMode === 'ExactCount' && (exactly.count ?? 0) <= 0)
    errors.push(invalid(`${path}.exactly.count`, exactly.count ?? 0, 'must be greater than zero'))
  if (exactly.allocationMode === 'All' && exactly.count)
    errors.push(
      invalid(
        `${path}.exactly.count`,
        exactly.count,
        "must not be specified when allocationMode is 'All'",
      ),
    )
  return [...errors, ...selectorErrors(exactly.selectors, `${path}.exactly.selectors`)]
}
