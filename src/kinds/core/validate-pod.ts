import type { FieldError } from '../kind.ts'
import type { Container, PodSpec, PodTemplateSpec, Toleration } from '../types.ts'
import { ipProblems } from '../validation/address.ts'
import {
  duplicate,
  forbidden,
  invalid,
  invalids,
  notSupported,
  required,
} from '../validation/field-error.ts'
import {
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  labelValueProblems,
  qualifiedNameProblems,
} from '../validation/names.ts'
import { validateAnnotations, validateLabels } from '../validation/object-meta.ts'
import { isSidecar } from './pod/row.ts'
import { validateProfiles } from './pod/validate-profiles.ts'
import { validateAffinity, validateSpread } from './validate-affinity.ts'
import { idErrors, validateContainer } from './validate-container.ts'
import { validateResources } from './validate-resources.ts'
import { validateVolumes } from './validate-volumes.ts'

const secondsMax = 2 ** 31 - 1

/** A pod's spec, of a pod or in a template (pkg/apis/core/validation: ValidatePodSpec). */
export function validatePodSpec(spec: PodSpec, path: string): FieldError[] {
  const volumes = spec.volumes ?? []
  return [
    ...validateVolumes(volumes, `${path}.volumes`),
    ...containerErrors(spec, path, new Set(volumes.map(({ name }) => name))),
    ...nameErrors(spec, path),
    ...timeErrors(spec, path),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...validateAffinity(spec.affinity, `${path}.affinity`),
    ...validateSpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...networkErrors(spec, path),
    ...securityErrors(spec, `${path}.securityContext`),
    ...gateErrors(spec, path),
    ...validateResources({ limits: spec.overhead }, `${path}.overhead`),
    ...resourceClaimErrors(spec, `${path}.resourceClaims`),
    ...ownUsersErrors(spec, path),
  ]
}

/** A template that somebody makes pods of (pkg/apis/core/validation: ValidatePodTemplateSpec). */
export function validatePodTemplate(template: PodTemplateSpec, path: string): FieldError[] {
  const spec = template.spec ?? { containers: [] }
  const errors = [
    ...validateTemplateMetadata(template, path),
    ...validatePodSpec(spec, `${path}.spec`),
  ]
  if (template.spec === undefined) errors.push(required(`${path}.spec.containers`))
  if ((spec.ephemeralContainers ?? []).length > 0)
    errors.push(
      forbidden(
        `${path}.spec.ephemeralContainers`,
        'ephemeral containers not allowed in pod template',
      ),
    )
  return errors
}

export function validateTemplateMetadata(
  { metadata }: PodTemplateSpec,
  path: string,
): FieldError[] {
  return [
    // Kubernetes names them without the metadata around them (ValidatePodTemplateSpec).
    ...validateLabels(metadata?.labels, `${path}.labels`),
    ...validateAnnotations(metadata?.annotations, `${path}.annotations`),
  ]
}

/** A template of pods that run until they are deleted. */
export function validateLastingTemplate(template: PodTemplateSpec, path: string): FieldError[] {
  return [...validatePodTemplate(template, path), ...validateLasting(template, path, 'ReplicaSet')]
}

/** The pods are to run until somebody of kind `owner` deletes them. */
export function validateLasting(
  { spec }: PodTemplateSpec,
  path: string,
  owner: 'ReplicaSet' | 'StatefulSet',
): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = spec ?? {}
  const errors: FieldError[] = []
  if (restartPolicy !== undefined && restartPolicy !== 'Always')
    errors.push(notSupported(`${path}.spec.restartPolicy`, restartPolicy, ['Always']))
  if (activeDeadlineSeconds !== undefined)
    errors.push(
      forbidden(
        `${path}.spec.activeDeadlineSeconds`,
        `activeDeadlineSeconds in ${owner} is not Supported`,
      ),
    )
  return errors
}

function containerErrors(spec: PodSpec, path: string, volumes: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = []
  const hostNetwork = spec.hostNetwork ?? false
  const ownUsers = spec.hostUsers === false
  const names = new Set<string>()
  const check = (containers: readonly Container[], at: string, init: boolean): void => {
    for (const [index, container] of containers.entries()) {
      const here = `${at}[${index}]`
      errors.push(...validateContainer(container, here, { volumes, hostNetwork, ownUsers, init }))
      if (container.name && names.has(container.name))
        errors.push(duplicate(`${here}.name`, container.name))
      names.add(container.name)
    }
  }
  check(spec.containers ?? [], `${path}.containers`, false)
  check(spec.initContainers ?? [], `${path}.initContainers`, true)
  for (const [index, container] of (spec.initContainers ?? []).entries())
    if (container.restartPolicy && !isSidecar(container))
      if (!['Never', 'OnFailure'].includes(container.restartPolicy))
        errors.push(
          notSupported(`${path}.initContainers[${index}].restartPolicy`, container.restartPolicy, [
            'Always',
            'Never',
            'OnFailure',
          ]),
        )
  return errors
}

function nameErrors(spec: PodSpec, path: string): FieldError[] {
  const rules = [
    ['serviceAccountName', dns1123SubdomainProblems],
    ['nodeName', dns1123SubdomainProblems],
    ['priorityClassName', dns1123SubdomainProblems],
    ['runtimeClassName', dns1123SubdomainProblems],
    ['hostname', dns1123LabelProblems],
    ['subdomain', dns1123LabelProblems],
  ] as const
  return rules.flatMap(([field, rule]) => {
    const value = spec[field]
    return value ? invalids(`${path}.${field}`, value, rule(value)) : []
  })
}

function timeErrors(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { activeDeadlineSeconds: deadline } = spec
  if (deadline !== undefined && (deadline < 1 || deadline > secondsMax))
    errors.push(
      invalid(
        `${path}.activeDeadlineSeconds`,
        deadline,
        `must be between 1 and ${secondsMax}, inclusive`,
      ),
    )
  return errors
}

/** Tolerations of a pod (ValidateTolerations). */
export function validateTolerations(
  tolerations: readonly Toleration[],
  path: string,
): FieldError[] {
  return tolerations.flatMap((toleration, index) => {
    const at = `${path}[${index}]`
    const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration
    const errors = key === '' ? [] : invalids(`${at}.key`, key, qualifiedNameProblems(key))
    if (key === '' && operator !== 'Exists')
      errors.push(
        invalid(
          `${at}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      )
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.push(
        invalid(
          `${at}.effect`,
          effect,
          "effect must be 'NoExecute' when `tolerationSeconds` is set",
        ),
      )
    if (operator === 'Exists') {
      if (value !== '')
        errors.push(
          invalid(`${at}.operator`, toleration, "value must be empty when `operator` is 'Exists'"),
        )
    } else errors.push(...invalids(`${at}.operator`, value, labelValueProblems(value)))
    return errors
  })
}

const nameserversMax = 3

function networkErrors(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const servers = spec.dnsConfig?.nameservers ?? []
  if (spec.dnsPolicy === 'None') {
    if (!spec.dnsConfig)
      errors.push(
        required(`${path}.dnsConfig`, 'must provide `dnsConfig` when `dnsPolicy` is None'),
      )
    else if (servers.length === 0)
      errors.push(
        required(
          `${path}.dnsConfig.nameservers`,
          'must provide at least one DNS nameserver when `dnsPolicy` is None',
        ),
      )
  }
  if (servers.length > nameserversMax)
    errors.push(
      invalid(
        `${path}.dnsConfig.nameservers`,
        servers,
        `must not have more than ${nameserversMax} nameservers`,
      ),
    )
  for (const [index, server] of servers.entries())
    errors.push(...invalids(`${path}.dnsConfig.nameservers[${index}]`, server, ipProblems(server)))
  for (const [index, alias] of (spec.hostAliases ?? []).entries()) {
    const at = `${path}.hostAliases[${index}]`
    if (alias.ip) errors.push(...invalids(`${at}.ip`, alias.ip, ipProblems(alias.ip)))
    for (const [item, name] of (alias.hostnames ?? []).entries())
      errors.push(...invalids(`${at}.hostnames[${item}]`, name, dns1123SubdomainProblems(name)))
  }
  return errors
}

function securityErrors({ securityContext: context = {} }: PodSpec, path: string): FieldError[] {
  const errors = (['runAsUser', 'runAsGroup', 'fsGroup'] as const).flatMap((field) => {
    const id = context[field]
    return id === undefined ? [] : idErrors(id, `${path}.${field}`)
  })
  for (const [index, id] of (context.supplementalGroups ?? []).entries())
    errors.push(...idErrors(id, `${path}.supplementalGroups[${index}]`))
  errors.push(...validateProfiles(context, path))
  const names = new Set<string>()
  for (const [index, { name = '' }] of (context.sysctls ?? []).entries())
    if (name !== '') {
      const at = `${path}.sysctls[${index}].name`
      errors.push(...(names.has(name) ? [duplicate(at, name)] : sysctlErrors(name, at)))
      names.add(name)
    }
  return errors
}

const sysctlSegment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const sysctlName = `(${sysctlSegment}[\\./])*${sysctlSegment}`
const sysctlNamePattern = new RegExp(`^${sysctlName}$`)
const sysctlNameBytesMax = 253

function sysctlErrors(name: string, path: string): FieldError[] {
  if (name.length <= sysctlNameBytesMax && sysctlNamePattern.test(name)) return []
  const detail = `must have at most ${sysctlNameBytesMax} characters and match regex ^${sysctlName}$`
  return [invalid(path, name, detail)]
}

/** Each names a claim or a template, one of both. */
function resourceClaimErrors({ resourceClaims = [] }: PodSpec, path: string): FieldError[] {
  const names = new Set<string>()
  return resourceClaims.flatMap((claim, index) => {
    const { name, resourceClaimName, resourceClaimTemplateName } = claim
    const at = `${path}[${index}]`
    const errors = names.has(name) ? [duplicate(`${at}.name`, name)] : []
    names.add(name)
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      errors.push(
        invalid(
          at,
          claim,
          'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
        ),
      )
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      errors.push(
        invalid(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'),
      )
    return errors
  })
}

/** Users of their own leave no room for the host's namespaces (validateHostUsers). */
function ownUsersErrors(spec: PodSpec, path: string): FieldError[] {
  if (spec.hostUsers !== false) return []
  const shared = [
    [spec.hostNetwork, 'hostNetwork'],
    [spec.hostPID, 'HostPID'],
    [spec.hostIPC, 'HostIPC'],
  ] as const
  return shared.flatMap(([on, name]) =>
    on ? [forbidden(`${path}.${name}`, 'when `hostUsers` is false')] : [],
  )
}

function gateErrors(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, { conditionType = '' }] of (spec.readinessGates ?? []).entries())
    errors.push(
      ...invalids(
        `${path}.readinessGates[${index}].conditionType`,
        conditionType,
        qualifiedNameProblems(conditionType),
      ),
    )
  const names = new Set<string>()
  for (const [index, { name = '' }] of (spec.schedulingGates ?? []).entries()) {
    const at = `${path}.schedulingGates[${index}]`
    errors.push(...invalids(at, name, qualifiedNameProblems(name)))
    if (names.has(name)) errors.push(duplicate(at, name))
    names.add(name)
  }
  if (spec.nodeName && names.size > 0)
    errors.push(
      forbidden(`${path}.nodeName`, 'cannot be set until all schedulingGates have been cleared'),
    )
  return errors
}
