import { test } from 'node:test'
import { checkDemo } from './demo-story.ts'

test('the failover demo keeps its promises on simulated containers', () => checkDemo('sim'))
