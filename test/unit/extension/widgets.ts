import {
  type CustomDefinition,
  type DefinitionVersion,
  definitionGroup,
} from '../../../src/kinds/apiextensions/definition-spec.ts'
import { establishedStatus } from '../../../src/kinds/apiextensions/establish.ts'
import type { TestCluster } from '../api/cluster.ts'

export const definitionsPath = `/apis/${definitionGroup}/v1/customresourcedefinitions`
export const widgetsPath = '/apis/example.com/v1/namespaces/default/widgets'

/** A version that has a bit of everything. */
export const widgetVersion: DefinitionVersion = {
  name: 'v1',
  served: true,
  storage: true,
  schema: {
    openAPIV3Schema: {
      type: 'object',
      description: 'A widget.',
      properties: {
        spec: {
          type: 'object',
          description: 'What is wanted.',
          required: ['color'],
          properties: {
            color: { type: 'string', enum: ['red', 'green'], description: 'Its color.' },
            size: { type: 'integer', minimum: 1, default: 3 },
            replicas: { type: 'integer' },
            open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            parts: {
              type: 'array',
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['name'],
              items: {
                type: 'object',
                required: ['name'],
                properties: { name: { type: 'string' }, count: { type: 'integer' } },
              },
            },
          },
          'x-kubernetes-validations': [
            { rule: "self.color != 'red' || self.size < 10", message: 'red widgets are small' },
          ],
        },
        status: {
          type: 'object',
          properties: {
            replicas: { type: 'integer' },
            selector: { type: 'string' },
            phase: { type: 'string' },
          },
        },
      },
    },
  },
  subresources: {
    status: {},
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
  additionalPrinterColumns: [
    { name: 'Color', type: 'string', jsonPath: '.spec.color' },
    { name: 'Size', type: 'integer', jsonPath: '.spec.size', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: [{ jsonPath: '.spec.color' }],
}

export function widgetDefinition(more: Partial<CustomDefinition['spec']> = {}): CustomDefinition {
  return {
    apiVersion: `${definitionGroup}/v1`,
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'], categories: ['all'] },
      versions: [widgetVersion],
      ...more,
    },
  }
}

export function widget(name: string, spec: object = { color: 'green' }, more: object = {}) {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec, ...more }
}

/** Creates a definition and establishes it, as its controller does. */
export async function establish(cluster: TestCluster, definition: CustomDefinition): Promise<void> {
  const created = await cluster.ask('POST', definitionsPath, definition)
  if (created.status !== 201) throw new Error(created.text)
  await establishAgain(cluster, created.json as CustomDefinition)
}

export async function establishAgain(
  cluster: TestCluster,
  definition: CustomDefinition,
): Promise<void> {
  const status = establishedStatus(definition, [], '2024-01-01T00:00:00Z')
  const path = `${definitionsPath}/${definition.metadata.name ?? ''}/status`
  const answer = await cluster.ask('PUT', path, { ...definition, status })
  if (answer.status !== 200) throw new Error(answer.text)
}
