import { limits } from '../../base/limits.ts'
import type { FieldError } from '../kind.ts'
import { conditionErrors } from '../status/conditions.ts'
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceClaim,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimStatus,
} from '../types.ts'
import { isIP, isIPv4 } from '../validation/address.ts'
import {
  duplicate,
  forbidden,
  immutable,
  invalid,
  invalids,
  required,
  tooLong,
  tooMany,
} from '../validation/field-error.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems } from '../validation/names.ts'

const consumersMax = 256
const deviceConditionsMax = 8
const networkAddressesMax = 16
const poolBytesMax = 253
const driverBytesMax = 63

/** k8s.io/kubernetes pkg/apis/resource/validation/validation.go: ValidateResourceClaimStatusUpdate */
export function claimStatusErrors(
  { spec, status, metadata }: Partial<ResourceClaim>,
  { status: before }: Partial<ResourceClaim>,
): FieldError[] {
  const { allocation, reservedFor = [], devices = [] } = status ?? ({} as ResourceClaimStatus)
  return [
    ...reservationErrors(reservedFor),
    ...deviceErrors(devices, allocation),
    ...(reservedFor.length > 0 && !allocation
      ? [forbidden('status.reservedFor', 'may not be specified when `allocated` is not set')]
      : []),
    ...(metadata?.deletionTimestamp !== undefined && allocation
      ? lateReservationErrors(reservedFor, before?.reservedFor ?? [])
      : []),
    ...(allocation && before?.allocation
      ? immutable('status.allocation', allocation, before.allocation)
      : allocationErrors(allocation, requestNames(spec?.devices))),
  ]
}

/** With what is allocated no more goes what was known of it (registry/resource/resourceclaim/strategy.go). */
export function dropDeallocated(
  { status }: Partial<ResourceClaim>,
  { status: before }: Partial<ResourceClaim>,
): void {
  const keys = (of: ResourceClaimStatus | undefined) =>
    (of?.allocation?.devices?.results ?? []).map((one) => JSON.stringify(identityOf(one)))
  const still = new Set(keys(status))
  const gone = new Set(keys(before).filter((key) => !still.has(key)))
  if (!status?.devices || gone.size === 0) return
  const devices = status.devices.filter((one) => !gone.has(JSON.stringify(identityOf(one))))
  status.devices = devices.length === 0 ? undefined : devices
}

type Reservations = NonNullable<ResourceClaimStatus['reservedFor']>

function reservationErrors(reservedFor: Reservations): FieldError[] {
  const path = 'status.reservedFor'
  if (reservedFor.length > consumersMax) return [tooMany(path, reservedFor.length, consumersMax)]
  const seen = new Set<string>()
  return reservedFor.flatMap(({ resource, name, uid }, index) => {
    const at = `${path}[${index}]`
    const errors = Object.entries({ resource, name, uid })
      .filter(([, value]) => !value)
      .map(([field]) => required(`${at}.${field}`))
    const key = uid ?? ''
    if (seen.has(key)) errors.push(duplicate(at, key))
    seen.add(key)
    return errors
  })
}

/** One that is to go takes nobody new. */
function lateReservationErrors(now: Reservations, before: Reservations): FieldError[] {
  const known = new Set(before.map((one) => JSON.stringify(one)))
  if (now.every((one) => known.has(JSON.stringify(one)))) return []
  const detail =
    'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'
  return [forbidden('status.reservedFor', detail)]
}

/** As Go prints which device of which pool it is. */
function identityOf(one: Partial<AllocatedDeviceStatus & DeviceRequestAllocationResult>) {
  const { driver = '', pool = '', device = '', shareID = '' } = one
  return { Driver: driver, Pool: pool, Device: device, ShareID: shareID }
}

function deviceErrors(
  devices: readonly AllocatedDeviceStatus[],
  allocation: AllocationResult | undefined,
): FieldError[] {
  const results = allocation?.devices?.results ?? []
  const allocated = new Set(results.map((one) => JSON.stringify(identityOf(one))))
  const seen = new Set<string>()
  return devices.flatMap((one, index) => {
    const path = `status.devices[${index}]`
    const identity = identityOf(one)
    const key = JSON.stringify(identity)
    const errors = placeErrors(one, path)
    if (!allocated.has(key))
      errors.push(invalid(path, identity, 'must be an allocated device in the claim'))
    const { conditions = [] } = one
    if (conditions.length > deviceConditionsMax)
      errors.push(tooMany(`${path}.conditions`, conditions.length, deviceConditionsMax))
    errors.push(...conditionErrors(conditions, `${path}.conditions`))
    errors.push(...dataErrors(one.data, `${path}.data`))
    errors.push(...networkErrors(one.networkData, `${path}.networkData`))
    if (seen.has(key)) errors.push(duplicate(path, identity))
    seen.add(key)
    return errors
  })
}

function placeErrors(
  { driver = '', pool = '', device = '' }: Partial<AllocatedDeviceStatus>,
  path: string,
): FieldError[] {
  return [
    ...driverErrors(driver, `${path}.driver`),
    ...poolErrors(pool, `${path}.pool`),
    ...invalids(`${path}.device`, device, dns1123LabelProblems(device)),
  ]
}

function driverErrors(driver: string, path: string): FieldError[] {
  if (driver === '') return [required(path)]
  if (driver.length > driverBytesMax) return [tooLong(path, driverBytesMax)]
  return invalids(path, driver, dns1123SubdomainProblems(driver.toLowerCase()))
}

function poolErrors(pool: string, path: string): FieldError[] {
  if (pool === '') return [required(path)]
  if (pool.length > poolBytesMax) return [tooLong(path, poolBytesMax)]
  return pool.split('/').flatMap((part) => invalids(path, part, dns1123SubdomainProblems(part)))
}

function dataErrors(data: unknown, path: string): FieldError[] {
  if (data === undefined) return []
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return []
  return [invalid(path, '<value omitted>', 'must be a valid JSON object')]
}

function networkErrors(data: NetworkDeviceData | undefined, path: string): FieldError[] {
  const { interfaceName = '', hardwareAddress = '', ips = [] } = data ?? {}
  const { networkInterfaceNameBytesMax, hardwareAddressBytesMax } = limits
  const errors: FieldError[] = []
  if (Buffer.byteLength(interfaceName) > networkInterfaceNameBytesMax)
    errors.push(tooLong(`${path}.interfaceName`, networkInterfaceNameBytesMax))
  if (Buffer.byteLength(hardwareAddress) > hardwareAddressBytesMax)
    errors.push(tooLong(`${path}.hardwareAddress`, hardwareAddressBytesMax))
  if (ips.length > networkAddressesMax)
    return [...errors, tooMany(`${path}.ips`, ips.length, networkAddressesMax)]
  const seen = new Set<string>()
  for (const [index, address] of ips.entries()) {
    const at = `${path}.ips[${index}]`
    if (!isInterfaceAddress(address))
      errors.push(
        invalid(
          at,
          address,
          'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
        ),
      )
    if (seen.has(address)) errors.push(duplicate(at, address))
    seen.add(address)
  }
  return errors
}

function isInterfaceAddress(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/')
  const bitsMax = isIPv4(address) ? 32 : 128
  return more.length === 0 && isIP(address) && /^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax
}

/** Requests, and what stands for one of several: `request/subrequest`. */
function requestNames(devices: DeviceClaim | undefined): ReadonlySet<string> {
  const names = (devices?.requests ?? []).flatMap(({ name, firstAvailable = [] }) => [
    name,
    ...firstAvailable.map((one) => `${name}/${one.name}`),
  ])
  return new Set(names)
}

function allocationErrors(
  allocation: AllocationResult | undefined,
  names: ReadonlySet<string>,
): FieldError[] {
  const results = allocation?.devices?.results ?? []
  return results.flatMap((one, index) => {
    const path = `status.allocation.devices.results[${index}]`
    const { request = '' } = one
    const parts = request.split('/')
    const malformed = parts.flatMap((part) =>
      invalids(`${path}.request`, part, dns1123LabelProblems(part)),
    )
    const unknown = names.has(request)
      ? []
      : [
          invalid(
            `${path}.request`,
            request,
            "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
          ),
        ]
    return [...malformed, ...unknown, ...placeErrors(one, path)]
  })
}
