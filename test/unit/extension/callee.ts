import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createAuthority, issueLeaf } from '../../../src/boot/config/certificates.ts'

// biome-ignore lint/suspicious/noExplicitAny: reviews are looked into freely
type Review = any

/** A webhook on loopback: answers reviews as told, and remembers what it was asked. */
export interface Callee extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** In base64, as configurations hold it. */
  readonly caBundle: string
  readonly asked: Review[]
  /** Path and query of each. */
  readonly paths: string[]
  /** Comes when it is asked the next time. */
  nextReview(): Promise<Review>
  /** Asked for the `response` of a review; may be replaced. Undefined: never answers. */
  answer: (request: Review, review: Review) => object | undefined
  /** The version its reviews say they are of; that of the request unless told. */
  apiVersion?: string
}

export async function openCallee(): Promise<Callee> {
  const nowMs = Date.now()
  const authority = await createAuthority('callee', nowMs)
  const hosts = ['hook.default.svc', 'localhost', '127.0.0.1']
  const leaf = await issueLeaf(authority, { commonName: 'callee', organizations: [], hosts }, nowMs)
  const waiting: ((review: Review) => void)[] = []
  const server = createServer(
    { cert: leaf.certificate, key: leaf.privateKey },
    (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const review = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Review
        callee.asked.push(review)
        callee.paths.push(request.url ?? '')
        for (const tell of waiting.splice(0)) tell(review)
        const answer = callee.answer(review.request, review)
        if (!answer) return
        response.setHeader('content-type', 'application/json')
        response.end(
          JSON.stringify({
            apiVersion: callee.apiVersion ?? review.apiVersion,
            kind: review.kind,
            response: { uid: review.request.uid, ...answer },
          }),
        )
      })
    },
  )
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const callee: Callee = {
    url: `https://127.0.0.1:${port}/hook`,
    port,
    caBundle: Buffer.from(authority.certificate).toString('base64'),
    asked: [],
    paths: [],
    nextReview: () => new Promise((resolve) => waiting.push(resolve)),
    answer: () => ({ allowed: true }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
  return callee
}

export function patchOf(...operations: object[]): object {
  return {
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
  }
}
