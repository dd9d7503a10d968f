import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { auditLevels } from '../../api/audit/audit-policy.ts'
import { ConfigError } from './config-error.ts'

/**
 * cluster.config.json: what a cluster is made of. Counts are enough on one host; explicit members with
 * addresses describe several hosts. Every field has a default, so `{}` is a valid file.
 */
const name = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    'use lower-case letters, digits and "-", as in "m1"',
  )
const address = z
  .string()
  .regex(/^(\[[0-9a-f:]+\]|[^:\s]+):([1-9]\d{0,4})$/, 'use host:port, as in "10.0.0.1:6443"')
const cidr = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'use a CIDR, as in "10.96.0.0/16"')

const master = z.strictObject({ name, apiAddress: address, raftAddress: address })
const worker = z.strictObject({
  name,
  kubeletAddress: address.optional(),
  labels: z.record(z.string(), z.string()).optional(),
})

/** Those of kube-apiserver (--oidc-signing-algs): all with a public key. */
const oidcAlgorithms = [
  ...(['RS256', 'RS384', 'RS512', 'ES256', 'ES384'] as const),
  ...(['ES512', 'PS256', 'PS384', 'PS512'] as const),
] as const

const texts = z.array(z.string()).optional()
const auditRule = z.strictObject({
  level: z.enum(auditLevels),
  users: texts,
  userGroups: texts,
  verbs: texts,
  namespaces: texts,
  resources: z
    .array(
      z.strictObject({ group: z.string().default(''), resources: texts, resourceNames: texts }),
    )
    .optional(),
  nonResourceURLs: texts,
})

const oidcIssuer = z.strictObject({
  /** As the claim `iss` says it; its keys are found below it. */
  issuer: z.string().regex(/^https:\/\/[^?#\s]+$/, 'use an https URL without query or fragment'),
  clientId: z.string().min(1),
  usernameClaim: z.string().min(1).default('sub'),
  /** "-" for none. When left out: the issuer's URL and "#", nothing for the claim `email`. */
  usernamePrefix: z.string().min(1).optional(),
  groupsClaim: z.string().min(1).optional(),
  /** Without one, a token's groups may be any of the cluster's, `system:masters` included. */
  groupsPrefix: z.string().default(''),
  requiredClaims: z.record(z.string(), z.string()).default({}),
  signingAlgorithms: z.array(z.enum(oidcAlgorithms)).min(1).default(['RS256']),
  /** PEM of the authority of the issuer's own certificate; those of the system when left out. */
  caFile: z.string().min(1).optional(),
})

const unique = (list: { name: string }[]) =>
  new Set(list.map((one) => one.name)).size === list.length

export const clusterConfigSchema = z.strictObject({
  /** Shown in kubeconfig and status. */
  name: name.default('kijabi'),
  masters: z
    .union([
      z.number().int().min(1).max(9),
      z.array(master).min(1).max(9).refine(unique, 'two masters have the same name'),
    ])
    .default(3),
  workers: z
    .union([
      z.number().int().min(0).max(100),
      z.array(worker).max(5000).refine(unique, 'two workers have the same name'),
    ])
    .default(2),
  runtime: z.enum(['auto', 'docker', 'sim']).default('auto'),
  dataDirectory: z.string().min(1).default('.kijabi'),
  /** Port of the local balancer that kubeconfig points at; 0 takes a free one at first boot. */
  apiPort: z.number().int().min(0).max(65535).default(6443),
  /** etcd's v3 API in front of the cluster store: off unless it is given a port. */
  etcd: z
    .strictObject({
      /** On the host of each master's API; further masters of a host take the next ports. 0: free ones. */
      port: z.number().int().min(0).max(65535),
      /** `all` shows the Kubernetes objects, too, and lets etcd's clients write them. */
      keySpace: z.enum(['isolated', 'all']).default('isolated'),
    })
    .optional(),
  /** An etcd 3.4 or later, of its own, in place of the embedded Raft: this cluster alone writes to it. */
  store: z
    .strictObject({
      etcd: z
        .strictObject({
          endpoints: z.array(address).min(1).max(9),
          /** Files. All three, or none for an etcd without TLS. */
          ca: z.string().min(1).optional(),
          cert: z.string().min(1).optional(),
          key: z.string().min(1).optional(),
        })
        .refine(
          ({ ca, cert, key }) =>
            [ca, cert, key].filter((file) => file === undefined).length % 3 === 0,
          'name ca, cert and key, or none of them',
        ),
    })
    .optional(),
  network: z
    .strictObject({
      serviceCidr: cidr.optional(),
      nodePortRange: z
        .string()
        .regex(/^\d{4,5}-\d{4,5}$/, 'use FIRST-LAST, as in "30000-32767"')
        .default('30000-32767'),
    })
    .prefault({}),
  raft: z
    .strictObject({
      tickMs: z.number().int().min(1).max(1000).default(10),
      heartbeatTicks: z.number().int().min(1).max(100).default(5),
      electionTicks: z.number().int().min(2).max(1000).default(30),
    })
    .refine((raft) => raft.electionTicks >= 3 * raft.heartbeatTicks, {
      message: 'electionTicks must be at least 3 times heartbeatTicks',
      path: ['electionTicks'],
    })
    .prefault({}),
  nodes: z
    .strictObject({
      /** How often a kubelet renews its Lease. */
      leaseRenewSeconds: z.number().min(0.2).max(60).default(1),
      /** Without a renewal for so long a node is NotReady (kube-controller-manager: 40). */
      monitorGraceSeconds: z.number().min(1).max(3600).default(5),
      /** How long pods stay on a lost node unless they tolerate more (Kubernetes: 300). */
      evictAfterSeconds: z.number().min(0).max(86_400).default(5),
    })
    .prefault({}),
  /** Who did what, as lines of audit.k8s.io/v1 Events in each master's directory: off unless given rules. */
  audit: z
    .strictObject({
      /** The first rule that matches decides; the parts of one are those of Kubernetes' audit policy. */
      rules: z.array(auditRule).min(1).max(200),
      fileMiBMax: z.number().int().min(1).max(10_240).default(100),
      filesMax: z.number().int().min(0).max(100).default(10),
    })
    .optional(),
  /** How long events are kept. */
  eventTtlSeconds: z
    .number()
    .int()
    .min(5)
    .max(86_400 * 30)
    .default(3_600),
  /** Whose ID tokens sign people in: issuers of OpenID Connect. */
  oidc: z
    .array(oidcIssuer)
    .max(10)
    .refine(
      (issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length,
      'two issuers have the same URL',
    )
    .optional(),
  /** How Secrets lie in the log and the snapshots of masters; the keys are in pki/encryption.json. */
  encryption: z
    .strictObject({
      /** `identity` writes them as they are, and still reads what was sealed before. */
      provider: z.enum(['aesgcm', 'aescbc', 'identity']).default('aesgcm'),
      /** As `secrets` or `widgets.example.com`. */
      resources: z
        .array(z.string().regex(/^[a-z0-9]+(\.[-a-z0-9]+)*$/, 'use RESOURCE or RESOURCE.GROUP'))
        .min(1)
        .max(50)
        .default(['secrets']),
    })
    .prefault({}),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})

export type ClusterConfig = z.output<typeof clusterConfigSchema>
export type MasterConfig = z.output<typeof master>
export type WorkerConfig = z.output<typeof worker>

/** Validates a configuration that was read from `source`. Throws ConfigError. */
export function parseConfig(text: string, source: string): ClusterConfig {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new ConfigError(
      `${source} is not JSON: ${(error as Error).message}`,
      'correct the file, or delete it to start with the defaults',
    )
  }
  const result = clusterConfigSchema.safeParse(json)
  if (result.success) return result.data
  const lines = result.error.issues.map((issue) => `  ${describe(issue, json)}`)
  throw new ConfigError(
    `${source} is not a valid cluster configuration:\n${lines.join('\n')}`,
    'correct these fields and run the command again',
  )
}

/** Reads and validates a file; a missing file is an error only when the caller named it. */
export function readConfig(file: string): ClusterConfig {
  const path = resolve(file)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(
      `cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`,
      'name an existing file with -f, or leave -f out to use the defaults',
    )
  }
  return parseConfig(text, path)
}

function describe(issue: z.core.$ZodIssue, json: unknown): string {
  const path = issue.path.map(String).join('.') || 'the file'
  if (issue.code === 'unrecognized_keys') {
    const place = issue.path.length > 0 ? `${path}.` : ''
    return `${issue.keys.map((key) => place + key).join(', ')}: unknown field`
  }
  if (issue.code === 'invalid_union') {
    const nearest = issue.errors
      .flat()
      .sort((left, right) => right.path.length - left.path.length)[0]
    const inner = nearest && nearest.path.length > 0 ? describe(nearest, undefined) : undefined
    return `${path}: ${inner ?? `${JSON.stringify(at(json, issue.path))} is neither a count nor a list`}`
  }
  return `${path}: ${issue.message}`
}

function at(json: unknown, path: readonly PropertyKey[]): unknown {
  let value = json
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key]
  return value
}
