import { tryParseQuantity } from '../../quantity.ts'
import type { Container, ContainerPort, PodSpec } from '../../types.ts'

/** Amounts of parts of bytes, and variables that hide others (pkg/api/pod/warnings.go). */
export function containerWarnings(spec: PodSpec, path: string): string[] {
  return [
    ...fractions(spec.overhead, `${path}.overhead`),
    ...containersOf(spec, path).flatMap(([container, at]) => [
      ...fractions(container.resources?.limits, `${at}.resources.limits`),
      ...fractions(container.resources?.requests, `${at}.resources.requests`),
      ...hiddenVariables(container, at),
    ]),
  ]
}

function containersOf(spec: PodSpec, path: string): [container: Container, path: string][] {
  const fields = ['initContainers', 'containers'] as const
  return fields.flatMap((field) =>
    (spec[field] ?? []).map((container, index): [Container, string] => [
      container,
      `${path}.${field}[${index}]`,
    ]),
  )
}

const nanosPerMilli = 1_000_000n
const millisPerUnit = 1_000n

/** A thousandth of a byte is what `100m` of memory says: its author meant mebibytes. */
function fractions(amounts: Readonly<Record<string, string>> | undefined, path: string): string[] {
  return ['memory', 'ephemeral-storage'].flatMap((resource) => {
    const amount = amounts?.[resource]
    const quantity = amount === undefined ? undefined : tryParseQuantity(amount)
    if (!quantity || (quantity.nano / nanosPerMilli) % millisPerUnit === 0n) return []
    return [
      `${path}[${resource}]: fractional byte value "${amount}" is invalid, must be an integer`,
    ]
  })
}

function hiddenVariables({ env = [] }: Container, path: string): string[] {
  const seen = new Set<string>()
  return env.flatMap(({ name, value = '', valueFrom }, index) => {
    const reference = `$(${name})`
    const builtOn = !valueFrom && value !== reference && value.includes(reference)
    const isHidden = seen.has(name) && !builtOn
    seen.add(name)
    if (!isHidden) return []
    const effect = 'which may be dropped when using apply'
    return [`${path}.env[${index}]: hides previous definition of "${name}", ${effect}`]
  })
}

/** Ports of a pod, in whichever containers, that are the same or may be. */
export function portWarnings(spec: PodSpec, path: string): string[] {
  const found: string[] = []
  const known = new Map<string, { readonly at: string; readonly port: ContainerPort }[]>()
  for (const [{ ports = [] }, of] of containersOf(spec, path))
    for (const [index, port] of ports.entries()) {
      const at = `${of}.ports[${index}]`
      const key = `${port.containerPort}/${port.protocol}`
      const others = known.get(key) ?? []
      for (const other of others) {
        const how = clash(port, other.port)
        if (how) found.push(`${at}: ${how} port definition with ${other.at}`)
      }
      known.set(key, [...others, { at, port }])
    }
  return found
}

function clash(one: ContainerPort, other: ContainerPort): string | undefined {
  const samePort = (one.hostPort ?? 0) === (other.hostPort ?? 0)
  if (samePort && (one.hostIP ?? '') === (other.hostIP ?? '')) return 'duplicate'
  if (!one.hostPort || !other.hostPort) return 'overlapping'
  const oneIsOpen = !one.hostIP !== !other.hostIP
  return samePort && oneIsOpen ? 'dangerously ambiguous' : undefined
}
