import { paths } from '../../client/resources.ts'
import { readCertificationRequest } from '../../kinds/certificates/certification-request.ts'
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '../../kinds/types.ts'
import type { Controller, ControllerContext } from '../controller.ts'

export type Condition = CertificateSigningRequestCondition

export function conditionsOf({ status }: CertificateSigningRequest): readonly Condition[] {
  return status?.conditions ?? []
}

export function conditionOf(
  request: CertificateSigningRequest,
  type: 'Approved' | 'Denied' | 'Failed',
): Condition | undefined {
  return conditionsOf(request).find((condition) => condition.type === type)
}

export function readRequest({ spec }: CertificateSigningRequest) {
  return readCertificationRequest(Buffer.from(spec.request, 'base64').toString('latin1'))
}

/** A controller of all requests: `reconcile` is given the latest known state of one. */
export function requestsController(
  { informers }: Pick<ControllerContext, 'informers'>,
  name: string,
  reconcile: (request: CertificateSigningRequest) => ReturnType<Controller['reconcile']>,
): Controller {
  const requests = informers.informer<CertificateSigningRequest>(paths.certificateSigningRequests)
  return {
    name,
    workers: 1,
    subscribe: (queue) => {
      const look = ({ metadata }: CertificateSigningRequest) => queue.add(metadata.name ?? '')
      return [requests.subscribe({ added: look, updated: look })]
    },
    async reconcile(key) {
      const request = requests.get(key)
      return request && !request.metadata.deletionTimestamp ? reconcile(request) : undefined
    },
  }
}
