import { test } from 'node:test'
import { checkDemo } from '../process/demo-story.ts'
import { engineMissing } from './engine.ts'

test('the failover demo keeps its promises on Docker', async (context) => {
  const missing = await engineMissing()
  if (missing) return context.skip(missing)
  await checkDemo('docker')
})
