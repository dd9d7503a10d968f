import type { AnyObject } from '../kind.ts'
import type { SchemaProps } from '../structural/schema-props.ts'

/** A CustomResourceDefinition, as far as rules and serving look at it (apiextensions/v1 types.go). */
export interface CustomDefinition extends AnyObject {
  spec: DefinitionSpec
  status?: DefinitionStatus
}

export interface DefinitionSpec {
  readonly group: string
  readonly scope: 'Namespaced' | 'Cluster'
  names: DefinitionNames
  readonly versions: readonly DefinitionVersion[]
  conversion?: DefinitionConversion
  preserveUnknownFields?: boolean
}

export interface DefinitionNames {
  readonly plural: string
  singular?: string
  readonly kind: string
  listKind?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

export interface DefinitionVersion {
  readonly name: string
  readonly served?: boolean
  readonly storage?: boolean
  readonly deprecated?: boolean
  readonly deprecationWarning?: string
  readonly schema?: { readonly openAPIV3Schema?: SchemaProps }
  readonly subresources?: {
    readonly status?: object
    readonly scale?: ScalePaths
  }
  readonly additionalPrinterColumns?: readonly PrinterColumn[]
  readonly selectableFields?: readonly { readonly jsonPath: string }[]
}

export interface ScalePaths {
  readonly specReplicasPath: string
  readonly statusReplicasPath: string
  readonly labelSelectorPath?: string
}

export interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  readonly jsonPath: string
}

export interface DefinitionConversion {
  readonly strategy: string
  readonly webhook?: ConversionWebhook
}

export interface ConversionWebhook {
  readonly clientConfig?: WebhookTarget
  readonly conversionReviewVersions?: readonly string[]
}

/** Where a webhook is: a URL, or a Service of the cluster. */
export interface WebhookTarget {
  readonly url?: string | undefined
  readonly service?:
    | {
        readonly namespace: string
        readonly name: string
        readonly path?: string | undefined
        readonly port?: number | undefined
      }
    | undefined
  /** PEM in base64. */
  readonly caBundle?: string | undefined
}

export interface DefinitionStatus {
  conditions?: DefinitionCondition[]
  acceptedNames?: DefinitionNames
  storedVersions?: string[]
  observedGeneration?: number
}

export interface DefinitionCondition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

export function hasCondition(definition: CustomDefinition, type: string): boolean {
  return (definition.status?.conditions ?? []).some(
    (one) => one.type === type && one.status === 'True',
  )
}

export function storageVersionOf({ spec }: CustomDefinition): string {
  return spec.versions.find((version) => version.storage)?.name ?? ''
}

/** The API group of CustomResourceDefinitions themselves. */
export const definitionGroup = 'apiextensions.k8s.io'
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'
