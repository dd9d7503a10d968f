import type { Kind } from '../kind.ts'
import { ingress } from './ingress.ts'
import { ingressClass } from './ingress-class.ts'
import { ipAddress } from './ip-address.ts'
import { networkPolicy } from './network-policy.ts'
import { serviceCIDR } from './service-cidr.ts'

/** The group networking.k8s.io. */
export const networkingKinds: readonly Kind[] = [
  ingressClass,
  ingress,
  ipAddress,
  networkPolicy,
  serviceCIDR,
]
