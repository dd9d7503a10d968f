import type { FieldError } from '../kind.ts'
import { ipProblems, isIP } from '../validation/address.ts'
import { forbidden, invalid, invalids, notSupported, required } from '../validation/field-error.ts'
import { dns1123SubdomainProblems } from '../validation/names.ts'

export interface JudgedIngress {
  readonly ip?: string | undefined
  readonly hostname?: string | undefined
  readonly ipMode?: string | undefined
}

interface JudgedBalancer {
  readonly ingress?: readonly JudgedIngress[] | undefined
}

const path = 'status.loadBalancer.ingress'

/** pkg/apis/networking/validation/validation.go: ValidateIngressLoadBalancerStatus */
export function ingressBalancerErrors({ ingress = [] }: JudgedBalancer = {}): FieldError[] {
  return ingress.flatMap((point, index) => [
    ...addressErrors(point, `${path}[${index}]`),
    ...hostErrors(point, `${path}[${index}]`),
  ])
}

/** pkg/apis/core/validation/validation.go: ValidateLoadBalancerStatus */
export function serviceBalancerErrors(
  { ingress = [] }: JudgedBalancer = {},
  type: string | undefined = 'ClusterIP',
): FieldError[] {
  if (type !== 'LoadBalancer' && ingress.length > 0)
    return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
  return ingress.flatMap((point, index) => {
    const at = `${path}[${index}]`
    return [...addressErrors(point, at), ...modeErrors(point, at), ...hostErrors(point, at)]
  })
}

function addressErrors({ ip }: JudgedIngress, at: string): FieldError[] {
  return ip ? invalids(`${at}.ip`, ip, ipProblems(ip)) : []
}

function modeErrors({ ip, ipMode }: JudgedIngress, at: string): FieldError[] {
  if (ipMode === undefined)
    return ip ? [required(`${at}.ipMode`, 'must be specified when `ip` is set')] : []
  if (!ip) return [forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set')]
  if (ipMode === 'VIP' || ipMode === 'Proxy') return []
  return [notSupported(`${at}.ipMode`, ipMode, ['Proxy', 'VIP'])]
}

function hostErrors({ hostname }: JudgedIngress, at: string): FieldError[] {
  if (!hostname) return []
  const errors = invalids(`${at}.hostname`, hostname, dns1123SubdomainProblems(hostname))
  if (isIP(hostname))
    errors.push(invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address'))
  return errors
}
