import { present } from '../../base/assert.ts'
import type { Random } from '../../base/random.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '../../kinds/types.ts'
import { forbidden } from '../errors.ts'
import { generateName } from '../handlers/generate-name.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { isKeySegment, objectKey } from '../storage-keys.ts'
import type { AdmissionPlugin } from './plugin.ts'

/** Every namespace gets this one; pods need not wait until it is there. */
const defaultAccount = 'default'
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const volumePrefix = 'kube-api-access-'
const tokenSeconds = 3607
const fileMode = 0o644
const mirrorAnnotation = 'kubernetes.io/config.mirror'

/**
 * Gives every pod its service account, the account's pull secrets and, unless somebody forbids it, a
 * token of the account as files (plugin/pkg/admission/serviceaccount). A cluster that issues no
 * tokens mounts none.
 */
export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  resources: ['pods'],
  complete(context, pod) {
    const spec = pod['spec'] as PodSpec | undefined
    if (!spec || context.info.subresource !== '' || isMirror(pod)) return
    const name = spec.serviceAccountName || spec.serviceAccount || defaultAccount
    spec.serviceAccountName = name
    spec.serviceAccount = name
    const account = accountNamed(context, name)
    if ((spec.imagePullSecrets ?? []).length === 0 && account?.imagePullSecrets)
      spec.imagePullSecrets = account.imagePullSecrets.map((one) => ({ ...one }))
    const wanted =
      spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true
    if (wanted && context.options.tokenSigner) mountToken(spec, context.options.random)
  },
  judge(context, object, old) {
    if (!object || old || context.info.subresource !== '') return
    if (isMirror(object)) return refuseReferences(context, object)
    const account = requireAccount(context, object)
    if (account) limitSecrets(context, object, account)
  },
}

function isMirror({ metadata }: AnyObject): boolean {
  return metadata.annotations?.[mirrorAnnotation] !== undefined
}

function accountNamed(
  { options, info, shared }: ResourceContext,
  name: string,
): ServiceAccount | undefined {
  const accounts = present(kindOfResource('', 'v1', 'serviceaccounts'), 'kind ServiceAccount')
  const record = isKeySegment(name)
    ? options.store.view.get(objectKey(accounts, info.namespace, name))
    : undefined
  return record && (shared.parsed.get(record) as ServiceAccount)
}

/**
 * Refuses a new pod whose service account is not there. Throws Forbidden, which names a generated pod
 * by its prefix: refusals of one workload are then one Event that counts.
 */
function requireAccount(context: ResourceContext, object: AnyObject): ServiceAccount | undefined {
  const { kind, info } = context
  const account = (object as Pod).spec?.serviceAccountName ?? defaultAccount
  const found = accountNamed(context, account)
  if (account === defaultAccount || found) return found
  throw forbidden(
    kind,
    object.metadata.generateName || (object.metadata.name ?? ''),
    `error looking up service account ${info.namespace}/${account}: ` +
      `serviceaccount "${account}" not found`,
  )
}

/** Of a pod that is not judged yet: there may be none. */
function containersOf({ containers, initContainers }: Partial<PodSpec>): Container[] {
  return [...(initContainers ?? []), ...(containers ?? [])]
}

/** What a kubelet runs by itself has no account and no secrets (ServiceAccount, Validate). */
function refuseReferences(context: ResourceContext, object: AnyObject): void {
  const spec = (object as Pod).spec ?? { containers: [] }
  const refused = (what: string) =>
    forbidden(context.kind, object.metadata.name ?? '', `a mirror pod may not ${what}`)
  if (spec.serviceAccountName) throw refused('reference service accounts')
  if (namesSecrets(spec)) throw refused('reference secrets')
  const projected = (spec.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? [])
  if (projected.some(({ serviceAccountToken }) => serviceAccountToken))
    throw refused('use ServiceAccountToken volume projections')
}

function namesSecrets(spec: PodSpec): boolean {
  const { volumes = [], imagePullSecrets = [] } = spec
  const containers = containersOf(spec)
  return (
    imagePullSecrets.length > 0 ||
    volumes.some(
      ({ secret, projected }) => secret ?? projected?.sources?.some((one) => one.secret),
    ) ||
    containers.some(({ envFrom = [] }) => envFrom.some(({ secretRef }) => secretRef)) ||
    containers.some(({ env = [] }) => env.some(({ valueFrom }) => valueFrom?.secretKeyRef))
  )
}

const mountableAnnotation = 'kubernetes.io/enforce-mountable-secrets'

/** An account may limit its pods to the secrets that it names (limitSecretReferences). */
function limitSecrets(context: ResourceContext, object: AnyObject, account: ServiceAccount): void {
  if (!/^(1|t|T|true|True|TRUE)$/.test(account.metadata.annotations?.[mountableAnnotation] ?? ''))
    return
  const spec = (object as Pod).spec ?? { containers: [] }
  const owner = account.metadata.name ?? ''
  const known = new Set((account.secrets ?? []).map(({ name }) => name))
  const refused = (what: string, sort = 'secret') =>
    forbidden(
      context.kind,
      object.metadata.name ?? '',
      `${what} is not allowed because service account ${owner} does not reference that ${sort}`,
    )
  for (const { secret } of spec.volumes ?? [])
    if (secret && !known.has(secret.secretName))
      throw refused(`volume with secret.secretName="${secret.secretName ?? ''}"`)
  for (const [sort, containers] of [
    ['init container', spec.initContainers ?? []],
    ['container', spec.containers ?? []],
  ] as const)
    for (const { name, env = [] } of containers)
      for (const { name: variable, valueFrom } of env) {
        const secret = valueFrom?.secretKeyRef
        if (secret && !known.has(secret.name))
          throw refused(
            `${sort} ${name} with envVar ${variable} referencing secret.secretName="${secret.name ?? ''}"`,
          )
      }
  const pulls = new Set((account.imagePullSecrets ?? []).map(({ name }) => name))
  for (const [index, { name }] of (spec.imagePullSecrets ?? []).entries())
    if (!pulls.has(name))
      throw refused(`imagePullSecrets[${index}].name="${name ?? ''}"`, 'imagePullSecret')
}

/** Mounts the token where containers have nothing at that place yet. */
function mountToken(spec: PodSpec, random: Random): void {
  const volumes = spec.volumes ?? []
  const known = volumes.find(({ name }) => name.startsWith(volumePrefix))
  const name = known?.name ?? generateName(random, volumePrefix)
  const isFree = ({ volumeMounts }: Container) =>
    !(volumeMounts ?? []).some((mount) => mount.mountPath === mountPath)
  const containers = containersOf(spec).filter(isFree)
  for (const container of containers)
    container.volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name, mountPath, readOnly: true },
    ]
  if (containers.length > 0 && !known) spec.volumes = [...volumes, tokenVolume(name)]
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: fileMode,
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [
              {
                path: 'namespace',
                fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' },
              },
            ],
          },
        },
      ],
    },
  }
}
