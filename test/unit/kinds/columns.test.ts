import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kind } from '../../../src/kinds/kind.ts'
import { allKinds, apiVersionOf } from '../../../src/kinds/scheme.ts'
import { tableFacts } from './table-facts.ts'

function columnsOf(kind: Kind): string {
  const texts = kind.columns.map(({ name, type, format, priority }) => {
    const full = format === '' ? `${name}:${type}` : `${name}:${type}/${format}`
    return priority > 0 ? `${full} wide` : full
  })
  return `${apiVersionOf(kind)}/${kind.resource} ${texts.join('; ')}`
}

test('every kind has the columns that Kubernetes 1.36 prints', () => {
  assert.deepEqual(allKinds.map(columnsOf).sort(), tableFacts.trim().split('\n').sort())
})
