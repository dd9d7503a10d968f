import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { clusterConfigSchema, parseConfig } from '../../../src/boot/config/config.ts'

interface Node {
  readonly properties?: Readonly<Record<string, Node>>
  readonly anyOf?: readonly Node[]
  readonly items?: Node
  readonly default?: unknown
}

let root = import.meta.dirname
while (!existsSync(join(root, 'package.json'))) root = dirname(root)
const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8')

/** Every field with its default, as the page writes them. */
function fieldsOf(node: Node, path: string): [string, string][] {
  const below = (node.anyOf ?? [node]).flatMap((one) => [
    ...Object.entries(one.properties ?? {}).flatMap(([name, field]): [string, string][] => {
      const fieldPath = path === '' ? name : `${path}.${name}`
      return [[fieldPath, shown(field.default)], ...fieldsOf(field, fieldPath)]
    }),
    ...(one.items ? fieldsOf(one.items, `${path}[]`) : []),
  ])
  return below
}

function shown(value: unknown): string {
  if (value === undefined) return ''
  return `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``
}

test('docs/configuration.md has every field of cluster.config.json, with its default', () => {
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' |').map((cell) => cell.replace(/^\|? ?/, '').trim()))
    .map(([field = '', value = '']) => [field.replaceAll('`', ''), value])
  const schema = z.toJSONSchema(clusterConfigSchema, { io: 'input' }) as Node
  assert.deepEqual(rows, fieldsOf(schema, ''))
})

test('the example of several hosts is a valid file', () => {
  const [, example = ''] = /```json\n([^`]*)```/.exec(page) ?? []
  assert.equal(Array.isArray(parseConfig(example, 'the example').masters), true)
})
