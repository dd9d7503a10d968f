import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isStatus } from '../../../src/base/status.ts'
import { configMaps, paths } from '../../../src/client/resources.ts'
import type { Client, KubernetesObject } from '../../../src/client/typed.ts'
import {
  type CustomDefinition,
  hasCondition,
} from '../../../src/kinds/apiextensions/definition-spec.ts'
import { widget, widgetDefinition, widgetVersion } from '../extension/widgets.ts'
import { type World, withApi } from './with-api.ts'

const path = { group: 'example.com', version: 'v1', resource: 'widgets', namespaced: true }
const widgets = (client: Client) => client.resource<KubernetesObject>(path)
const definitions = (client: Client) =>
  client.resource<CustomDefinition>(paths.customResourceDefinitions)

async function withWidgets(body: (world: World) => Promise<void>): Promise<void> {
  await withApi(async (world) => {
    const { client, until, failures } = world
    const second = { ...widgetVersion, name: 'v2', storage: false }
    const versions = [widgetVersion, second]
    await definitions(client).create('', widgetDefinition({ versions }))
    await until('the establishment', async () =>
      hasCondition(await definitions(client).get('', 'widgets.example.com'), 'Established'),
    )
    await body(world)
    assert.deepEqual(failures, [])
  })
}

function owned(name: string, { metadata }: KubernetesObject, kind: string, apiVersion: string) {
  const reference = { name: metadata.name ?? '', uid: metadata.uid ?? '', kind, apiVersion }
  return { metadata: { name, ownerReferences: [{ ...reference, blockOwnerDeletion: true }] } }
}

function mapOf(name: string, owner: KubernetesObject, apiVersion = 'example.com/v1') {
  return owned(name, owner, 'Widget', apiVersion)
}

const isGone = (read: () => Promise<unknown>) => async () => {
  try {
    await read()
    return false
  } catch (error) {
    if (isStatus(error, 'NotFound')) return true
    throw error
  }
}

describe('garbage of custom resources', () => {
  test('what a custom resource owns goes with it, by whichever version it was named', async () => {
    await withWidgets(async ({ client, until }) => {
      const owner = await widgets(client).create('default', widget('owner'))
      await configMaps(client).create('default', mapOf('first', owner))
      await configMaps(client).create('default', mapOf('second', owner, 'example.com/v2'))
      const { metadata } = mapOf('third', owner)
      await widgets(client).create('default', { ...widget('third'), metadata })
      await widgets(client).delete('default', 'owner')
      for (const name of ['first', 'second'])
        await until(
          `the end of ${name}`,
          isGone(() => configMaps(client).get('default', name)),
        )
      await until(
        'the end of the third',
        isGone(() => widgets(client).get('default', 'third')),
      )
    })
  })

  test('a custom resource goes with its owner', async () => {
    await withWidgets(async ({ client, until }) => {
      const owner = await configMaps(client).create('default', { metadata: { name: 'owner' } })
      const { metadata } = owned('owned', owner, 'ConfigMap', 'v1')
      await widgets(client).create('default', { ...widget('owned'), metadata })
      await configMaps(client).delete('default', 'owner')
      await until(
        'its end',
        isGone(() => widgets(client).get('default', 'owned')),
      )
    })
  })

  test('in the foreground after its dependents; orphaned, they stay', async () => {
    await withWidgets(async ({ client, until }) => {
      for (const propagationPolicy of ['Foreground', 'Orphan'] as const) {
        const owner = await widgets(client).create('default', widget('owner'))
        await configMaps(client).create('default', mapOf('map', owner))
        await widgets(client).delete('default', 'owner', { propagationPolicy })
        await until(
          'its end',
          isGone(() => widgets(client).get('default', 'owner')),
        )
        const gone = await isGone(() => configMaps(client).get('default', 'map'))()
        assert.equal(gone, propagationPolicy === 'Foreground')
      }
      const map = await configMaps(client).get('default', 'map')
      assert.equal(map.metadata.ownerReferences, undefined)
    })
  })

  test('with a definition go its objects, and what they owned', async () => {
    await withWidgets(async ({ client, until }) => {
      const owner = await widgets(client).create('default', widget('owner'))
      await configMaps(client).create('default', mapOf('map', owner))
      await definitions(client).delete('', 'widgets.example.com')
      await until(
        'the end of the map',
        isGone(() => configMaps(client).get('default', 'map')),
      )
    })
  })
})
