import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import type { AnyObject, FieldError } from '../kind.ts'
import { age, firstFew, nameOf } from '../print.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../types.ts'
import { ipProblems } from '../validation/address.ts'
import { duplicate, invalids, required, same, tooMany } from '../validation/field-error.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems } from '../validation/names.ts'

const endpointsMax = 1000
const portsMax = 20_000
const addressesMax = 100

/** k8s.io/kubernetes pkg/apis/discovery/validation/validation.go */
export const endpointSlice = defineKind({
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  singular: 'endpointslice',
  definition: 'io.k8s.api.discovery.v1.EndpointSlice',
  countsGeneration: true,
  prepareCreate: dropTopology,
  prepareUpdate: (object, old) => {
    if (!same(sliceOf(object).endpoints, sliceOf(old).endpoints)) dropTopology(object)
  },
  validateCreate: (object) => validateSlice(sliceOf(object)),
  validateUpdate: (object) => validateSlice(sliceOf(object)),
  columns: [
    nameColumn,
    column('AddressType', 'string', 'IPv4, IPv6 or FQDN.'),
    column('Ports', 'string', 'Ports that every endpoint offers.'),
    column('Endpoints', 'string', 'Addresses of the endpoints.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const slice = sliceOf(object)
    const addresses = (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? [])
    return [
      nameOf(object),
      slice.addressType,
      portsCell(slice.ports),
      addresses.length === 0 ? '<unset>' : firstFew(addresses),
      age(object, nowMs),
    ]
  },
})

/** What older versions said of places is not taken any more (pkg/registry/discovery/endpointslice/strategy.go). */
function dropTopology(object: AnyObject): void {
  for (const endpoint of sliceOf(object).endpoints ?? []) delete endpoint.deprecatedTopology
}

function sliceOf(object: AnyObject): EndpointSlice {
  return object as unknown as EndpointSlice
}

function portsCell(ports: readonly EndpointPort[] | undefined): string {
  if (!ports || ports.length === 0) return '<unset>'
  return firstFew(ports.map(({ port, name }) => String(port ?? (name || '*'))))
}

function validateSlice(slice: EndpointSlice): FieldError[] {
  const errors: FieldError[] = []
  const { addressType, endpoints = [], ports = [] } = slice
  if (!addressType) errors.push(required('addressType'))
  if (endpoints.length > endpointsMax)
    errors.push(tooMany('endpoints', endpoints.length, endpointsMax))
  for (const [index, endpoint] of endpoints.entries())
    errors.push(...endpointErrors(endpoint, addressType, `endpoints[${index}]`))
  if (ports.length > portsMax) errors.push(tooMany('ports', ports.length, portsMax))
  const seen = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const name = port.name ?? ''
    if (seen.has(name)) errors.push(duplicate(`ports[${index}].name`, name))
    seen.add(name)
    if (name !== '')
      errors.push(...invalids(`ports[${index}].name`, name, dns1123LabelProblems(name)))
  }
  return errors
}

function endpointErrors(endpoint: Endpoint, addressType: string, path: string): FieldError[] {
  const errors: FieldError[] = []
  const addresses = endpoint.addresses ?? []
  if (addresses.length === 0)
    errors.push(required(`${path}.addresses`, 'must contain at least 1 address'))
  if (addresses.length > addressesMax)
    errors.push(tooMany(`${path}.addresses`, addresses.length, addressesMax))
  for (const [index, address] of addresses.entries()) {
    const at = `${path}.addresses[${index}]`
    if (addressType === 'FQDN')
      errors.push(...invalids(at, address, dns1123SubdomainProblems(address)))
    else errors.push(...invalids(at, address, ipProblems(address, addressType)))
  }
  if (endpoint.hostname !== undefined)
    errors.push(
      ...invalids(`${path}.hostname`, endpoint.hostname, dns1123LabelProblems(endpoint.hostname)),
    )
  if (endpoint.nodeName !== undefined)
    errors.push(
      ...invalids(
        `${path}.nodeName`,
        endpoint.nodeName,
        dns1123SubdomainProblems(endpoint.nodeName),
      ),
    )
  return errors
}
