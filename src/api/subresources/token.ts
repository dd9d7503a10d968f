import { present } from '../../base/assert.ts'
import { statusError } from '../../base/status.ts'
import type { ApiResponse } from '../../client/transport.ts'
import type { AnyObject, FieldError } from '../../kinds/kind.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import type {
  BoundObjectReference,
  Pod,
  TokenRequest,
  TokenRequestSpec,
} from '../../kinds/types.ts'
import { mutatedPart, validatePart } from '../admission/part-objects.ts'
import { nodeNameOf } from '../auth/node-restriction.ts'
import { type NamedUid, signToken, type TokenBinding } from '../auth/service-account-token.ts'
import { badRequest, conflict, forbidden, invalidKind, notFound } from '../errors.ts'
import { getRecord } from '../handlers/get.ts'
import { isDryRun, readBody } from '../handlers/request-body.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { timestamp } from '../handlers/write-object.ts'
import { answeredKind, representationAs } from '../representation.ts'
import { bytesResponse } from '../responses.ts'
import { isKeySegment, objectKey } from '../storage-keys.ts'

const accountKind = () =>
  present(kindOfResource('', 'v1', 'serviceaccounts'), 'kind ServiceAccount')

const apiVersion = 'authentication.k8s.io/v1'
const tokenRequestKind = answeredKind({
  ...{ group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  definition: 'io.k8s.api.authentication.v1.TokenRequest',
})
const expirationSecondsDefault = 3_600
const expirationSecondsMin = 600
const expirationSecondsMax = 2 ** 32

/**
 * POST of a TokenRequest: `kubectl create token`, and kubelets for the volumes of pods
 * (k8s.io/kubernetes pkg/registry/core/serviceaccount/storage/token.go). Throws ServiceUnavailable
 * in a cluster without a signing key.
 */
export async function handleToken(context: ResourceContext): Promise<ApiResponse> {
  const { info, options } = context
  const signer = options.tokenSigner
  if (!signer)
    throw statusError(
      'ServiceUnavailable',
      'tokens are not issued: this cluster has no key to sign tokens of service accounts with',
    )
  const representation = representationAs(context, tokenRequestKind)
  const { definition, kind } = tokenRequestKind
  const body = readBody(context, { definition, kind, apiVersions: [apiVersion] })
  const dryRun = isDryRun(context)
  checkPlaceOf(body as unknown as TokenRequest, info.namespace, info.name)
  const write = { part: 'token', dryRun } as const
  const request = await mutatedPart(context, body, write)
  const account = context.shared.parsed.get(await getRecord(context))
  request.metadata.name = info.name
  const spec = ((request as unknown as TokenRequest).spec ?? {}) as TokenRequestSpec
  if ((spec.audiences ?? []).length === 0) spec.audiences = [...signer.audiences]
  request['spec'] = spec
  await validatePart(context, request, write)
  const { audiences = [], boundObjectRef, expirationSeconds = expirationSecondsDefault } = spec
  const errors = expirationErrors(expirationSeconds)
  if (errors.length > 0) throw invalidKind('TokenRequest', 'authentication.k8s.io', '', errors)
  const bound = boundObjectRef && boundObject(context, boundObjectRef)
  restrictNodeToken(context, boundObjectRef, bound)
  const binding: TokenBinding = {
    namespace: info.namespace,
    serviceAccount: { name: info.name, uid: account.metadata.uid ?? '' },
    ...bound,
  }
  const issuedAtMs = options.clock.wallMs()
  const token = signToken(signer.privateKey, {
    ...binding,
    issuer: signer.issuer,
    audiences,
    issuedAtMs,
    lifetimeSeconds: expirationSeconds,
    tokenId: options.random.uuid(),
  })
  const bytes = representation.value({
    kind,
    apiVersion,
    metadata: {
      name: info.name,
      namespace: info.namespace,
      creationTimestamp: timestamp(issuedAtMs),
    },
    spec: { audiences, expirationSeconds, ...(boundObjectRef ? { boundObjectRef } : {}) },
    status: { token, expirationTimestamp: timestamp(issuedAtMs + expirationSeconds * 1_000) },
  })
  return bytesResponse(201, [bytes], representation.contentType)
}

function checkPlaceOf({ metadata }: TokenRequest, namespace: string, name: string): void {
  if (metadata?.name && metadata.name !== name)
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    )
  if (metadata?.namespace && metadata.namespace !== namespace)
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
}

function expirationErrors(seconds: number): FieldError[] {
  const refused = (why: string): FieldError[] => [
    {
      type: 'FieldValueInvalid',
      field: 'spec.expirationSeconds',
      message: `Invalid value: ${seconds}: ${why}`,
    },
  ]
  if (seconds < expirationSecondsMin)
    return refused('may not specify a duration less than 10 minutes')
  if (seconds > expirationSecondsMax)
    return refused('may not specify a duration larger than 2^32 seconds')
  return []
}

/** `/v1` of the core group, as Go prints it. */
function groupSlashVersion(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion : `/${apiVersion}`
}

type Bound = Pick<TokenBinding, 'pod' | 'secret' | 'node'>

/** What the token dies with. A pod must run as the account; each must be the very one named. */
function boundObject(context: ResourceContext, reference: BoundObjectReference): Bound {
  const { apiVersion: version = '', kind, name = '' } = reference
  const { info } = context
  if (version === 'v1' && kind === 'Secret')
    return { secret: named(context, 'secrets', info.namespace, reference) }
  if (version === 'v1' && kind === 'Node') return { node: named(context, 'nodes', '', reference) }
  if (version !== 'v1' || kind !== 'Pod')
    throw badRequest(
      `cannot bind token to object of type ${groupSlashVersion(version)}, Kind=${kind ?? ''}`,
    )
  const pod = named(context, 'pods', info.namespace, reference)
  const { spec } = find(context, 'pods', info.namespace, name) as Pod
  const owner = spec?.serviceAccountName ?? ''
  if (owner !== info.name)
    throw badRequest(
      `cannot bind token for serviceaccount "${info.name}" to pod running with different ` +
        `serviceaccount name ${owner}.`,
    )
  if (!spec?.nodeName) return { pod }
  const node = find(context, 'nodes', '', spec.nodeName)
  // The node may be gone before the pod is: then its name alone is known.
  return { pod, node: { name: spec.nodeName, uid: node?.metadata.uid ?? '' } }
}

function find(
  { options, shared }: ResourceContext,
  resource: string,
  namespace: string,
  name: string,
): AnyObject | undefined {
  const kind = present(kindOfResource('', 'v1', resource), resource)
  const record = isKeySegment(name)
    ? options.store.view.get(objectKey(kind, namespace, name))
    : undefined
  return record && shared.parsed.get(record)
}

/** The object that a reference names. Throws NotFound, and Conflict when it is another of that name. */
function named(
  context: ResourceContext,
  resource: string,
  namespace: string,
  { name = '', uid = '' }: BoundObjectReference,
): NamedUid {
  const kind = present(kindOfResource('', 'v1', resource), resource)
  const object = find(context, resource, namespace, name)
  if (!object) throw notFound(kind, name)
  const actual = object.metadata.uid ?? ''
  if (uid !== '' && uid !== actual)
    throw conflict(
      kind,
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record ` +
        `(${actual}). The object might have been deleted and then recreated`,
    )
  return { name, uid: actual }
}

/**
 * A node gets tokens for the pods bound to it and for nobody else, so that one that is broken into
 * gives away its own pods' rights alone (NodeRestriction admission, admitServiceAccount).
 */
function restrictNodeToken(
  { info, user }: ResourceContext,
  reference: BoundObjectReference | undefined,
  bound: Bound | undefined,
): void {
  const node = nodeNameOf(user)
  if (node === undefined) return
  const refused = (why: string) =>
    forbidden(accountKind(), info.name, `node requested token ${why}`)
  if (!reference || !bound?.pod) throw refused('not bound to a pod')
  if (!reference.uid) throw refused('with a pod binding without a uid')
  if (bound.node?.name !== node) throw refused('bound to a pod scheduled on a different node')
}
