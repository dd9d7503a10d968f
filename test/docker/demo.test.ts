import { test } from 'node:test'
import { checkDemo } from '../process/demo-story.ts'
import { dockerSocket } from './docker-engine.ts'

test('the failover demo keeps its promises on Docker', async (context) => {
  if (!(await dockerSocket())) return context.skip('no Docker engine answers at DOCKER_HOST')
  await checkDemo('docker')
})
