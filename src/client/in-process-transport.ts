import { statusError } from '../base/status.ts'
import type { ApiRequest, ApiResponse, Transport } from './transport.ts'

/** A transport that calls the API's own request pipeline in this process. */
export function createInProcessTransport(
  handle: (request: ApiRequest) => Promise<ApiResponse>,
): Transport {
  return {
    send(request) {
      if (request.signal?.aborted)
        return Promise.reject(
          statusError('Timeout', 'the request was cancelled before it was sent'),
        )
      return handle(request)
    },
  }
}
