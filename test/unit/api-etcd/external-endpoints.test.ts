import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js'
import { Endpoints } from '../../../src/api/etcd-store/endpoints.ts'
import { isStatus } from '../../../src/base/status.ts'
import type { LeaseId } from '../../../src/state/leases.ts'

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value }

test('a renewal that an external etcd ends without an answer fails, and is not waited for', async () => {
  const server = new Server()
  server.register<Buffer, Buffer>(
    '/etcdserverpb.Lease/LeaseKeepAlive',
    (call: ServerDuplexStream<Buffer, Buffer>) => call.on('data', () => call.end()),
    bytes.serialize,
    bytes.deserialize,
    'bidi',
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  const endpoints = new Endpoints({ endpoints: [`127.0.0.1:${port}`], timeoutMs: 60_000 })
  try {
    await assert.rejects(endpoints.keepAlive(1 as unknown as LeaseId), (error) =>
      isStatus(error, 'ServiceUnavailable'),
    )
  } finally {
    endpoints.close()
    server.forceShutdown()
  }
})
