import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstLostInteger } from '../../../src/kinds/codec/large-integers.ts'
import { openCluster } from '../api/cluster.ts'
import { establish, widget, widgetDefinition, widgetsPath } from '../extension/widgets.ts'

/** Numbers here hold integers to 2^53; Kubernetes keeps 64 bits. Whoever writes more is told what is kept. */

const warned = /the integer 9223372036854775807 is beyond 2\^53 and is kept as 9223372036854776000:/

test('an integer that loses digits is warned of wherever it is written', async () => {
  await using cluster = await openCluster()
  await establish(cluster, widgetDefinition())
  const open = (digits: string) =>
    JSON.stringify(widget('a', { color: 'green', open: { n: 0 } })).replace(
      '"n":0',
      `"n":${digits}`,
    )
  const large = open('9223372036854775807')
  const typed = (type: string) => ({ headers: { 'content-type': type } })
  const kept = await cluster.ask('POST', widgetsPath, Buffer.from(open('9007199254740991')))
  assert.equal(kept.status, 201, kept.text)
  assert.match(kept.text, /"n":9007199254740991[,}]/)
  assert.equal(kept.headers.get('warning'), undefined)
  const path = `${widgetsPath}/a`
  const merge = Buffer.from('{"spec":{"open":{"n":9223372036854775807}}}')
  const yaml = `apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {color: green, open: {n: 9223372036854775807}}\n`
  const apply = typed('application/apply-patch+yaml')
  const [applied, forced] = [`${path}?fieldManager=m`, `${path}?fieldManager=m&force=true`]
  const answers = [
    await cluster.ask(
      'POST',
      `${widgetsPath}?dryRun=All`,
      Buffer.from(large.replace('"a"', '"b"')),
    ),
    await cluster.ask('PATCH', path, merge, typed('application/merge-patch+json')),
    await cluster.ask(
      'PATCH',
      path,
      Buffer.from('[{"op":"add","path":"/spec/open/n","value":9223372036854775807}]'),
      typed('application/json-patch+json'),
    ),
    await cluster.ask('PATCH', forced, Buffer.from(yaml), apply),
    await cluster.ask('PATCH', applied, Buffer.from(large), apply),
    await cluster.ask('POST', `${widgetsPath}?dryRun=All`, Buffer.from(yaml.replace('a}', 'c}')), {
      headers: { 'content-type': 'application/yaml' },
    }),
  ]
  for (const { status, headers, text } of answers) {
    assert.ok(status === 200 || status === 201, text)
    assert.match(headers.get('warning') ?? '', warned)
  }
})

test('of a built-in kind, too', async () => {
  await using cluster = await openCluster()
  const pod = {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }], activeDeadlineSeconds: 0 },
  }
  const body = JSON.stringify(pod).replace('Seconds":0', 'Seconds":9223372036854775807')
  const made = await cluster.ask('POST', '/api/v1/namespaces/default/pods', Buffer.from(body))
  assert.match(made.headers.get('warning') ?? '', warned)
})

test('texts, fractions, and what is too large for Kubernetes, too, are let through', () => {
  const fine = [
    '{"a":"9223372036854775807"}',
    '{"a\\"":"\\\\","b":"x 9007199254740993"}',
    '{"a":1.12345678901234567,"b":1e0000000000000000001,"c":9007199254740993.0}',
    '{"a":-9007199254740991,"b":9007199254740991}',
    '{"a":99999999999999999999}',
    '{"9007199254740993":1}',
  ]
  for (const json of fine) assert.equal(firstLostInteger(json), undefined, json)
  const lost = [
    ['{"a":"\\\\","b":9007199254740993}', '9007199254740993'],
    ['{"9007199254740993":-9007199254740993}', '-9007199254740993'],
    ['[1152921504606846976]', '1152921504606846976'],
  ]
  for (const [json = '', digits] of lost) assert.equal(firstLostInteger(json), digits)
})
