import type { FieldError } from '../kind.ts'
import type { Definition, Field } from '../schema.ts'
import { invalid, invalids, notSupported, tooLong } from './field-error.ts'
import {
  configMapKeyProblems,
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  labelValueProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
} from './names.ts'

/**
 * What a field demands of its own value and of nothing else (k8s.io/kubernetes pkg/apis/∗/validation), one
 * definition a line: `Definition: field rule, field rule; …`. Before a rule stands
 *
 *   `!`  an empty value is refused, too: Go holds a pointer, or does not look whether it is there
 *   `+`  the field is required, though the table does not say so
 *   `*`  each element of the list is judged, at its own path; `@` each, at the path of the list
 *   `^`  the error stands at the object that holds the field
 *
 * Ranges are `FROM..TO`, lists of words `A|B`.
 */
const rules = `
AWSElasticBlockStoreVolumeSource: partition 0..255
ApiregistrationV1ServiceReference: port port
ApplyConfiguration: expression +
AuditAnnotation: key qualifiedName
AutoscalingV1CrossVersionObjectReference: kind segment, name segment
CSIDriverSpec: volumeLifecycleModes @Persistent|Ephemeral, fsGroupPolicy !File|None|ReadWriteOnceWithFSType
CSINodeDriver: nodeID id, topologyKeys ^@!qualifiedName
CSIPersistentVolumeSource: driver driverName
CSIStorageCapacity: storageClassName subdomain
CSIVolumeSource: driver driverName
ConfigMapEnvSource: name +subdomain
ConfigMapKeySelector: name !subdomain, key configKey
ContainerResizePolicy: resourceName ^cpu|memory, restartPolicy ^NotRequired|RestartContainer
ContainerResourceMetricSource: container label
CoreV1EndpointPort: appProtocol !qualifiedName
CrossVersionObjectReference: kind segment, name segment
DeviceSubRequest: name label, deviceClassName subdomain
DeviceTaint: key qualifiedName, value labelValue
DeviceToleration: key qualifiedName
EndpointAddress: nodeName !subdomain
EndpointPort: appProtocol !qualifiedName
ExactDeviceRequest: deviceClassName subdomain
ForNode: name subdomain
ForZone: name labelValue
GCEPersistentDiskVolumeSource: partition 0..255
ISCSIPersistentVolumeSource: lun 0..255
ISCSIVolumeSource: lun 0..255
ImageVolumeSource: reference +
IngressClassParametersReference: apiGroup !subdomain, kind segment, name segment, namespace label
IngressTLS: secretName subdomain
JSONPatch: expression +
LimitResponse: type Queue|Reject
MetricIdentifier: name segment
MutatingAdmissionPolicyBindingSpec: policyName subdomain
MutatingAdmissionPolicySpec: reinvocationPolicy +
NFSVolumeSource: path absolute
NamedRuleWithOperations: resourceNames *segment
OpaqueDeviceConfiguration: driver driverName
ParamKind: apiVersion +, kind +
ParamRef: name segment, parameterNotFoundAction +Deny|Allow
ParentReference: group subdomain, resource segment, namespace segment, name segment
PersistentVolumeClaimSpec: volumeAttributesClassName subdomain
PersistentVolumeSpec: storageClassName subdomain
PodAffinityTerm: matchLabelKeys *!qualifiedName, mismatchLabelKeys *!qualifiedName
PodFailurePolicyOnPodConditionsPattern: status False|True|Unknown, type qualifiedName
PodOS: name ^linux|windows
PodResourceClaim: name label, resourceClaimName !subdomain, resourceClaimTemplateName !subdomain
PriorityClass: preemptionPolicy +
PriorityLevelConfigurationSpec: type Exempt|Limited
QuobyteVolumeSource: registry hostPorts
ResourcePool: name poolName, generation 0.., resourceSliceCount 1..
ResourceSliceSpec: nodeName subdomain
ScaleIOPersistentVolumeSource: volumeName +
ScaleIOVolumeSource: volumeName +
SecretEnvSource: name +subdomain
SecretKeySelector: name !subdomain, key configKey
ServiceAccountSubject: namespace label
ServiceSpec: ipFamilies *!IPv4|IPv6
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted Retain|Delete, whenScaled Retain|Delete
StatefulSetSpec: serviceName label
StorageOSPersistentVolumeSource: volumeName +label
StorageOSVolumeSource: volumeName +label
TopologySelectorLabelRequirement: key qualifiedName
ValidatingAdmissionPolicyBindingSpec: policyName subdomain
VolumeAttachmentSource: persistentVolumeName subdomain
VolumeAttachmentSpec: nodeName subdomain
`

type Judge = (value: unknown, path: string) => FieldError[]

/** What a field demands beside its type. */
export interface FieldRule {
  readonly required: boolean
  readonly judgesEmpty: boolean
  /** Each element of a list at its own path, at the list's, or the value as it is. */
  readonly each: 'own' | 'list' | undefined
  readonly atOwner: boolean
  readonly judge: Judge
}

/** The rules of a definition's fields, in the order of its fields; empty for most. */
export function rulesOf(schema: Definition): ReadonlyMap<Field, FieldRule> {
  let known = byDefinition.get(schema)
  if (!known) {
    known = readRules(schema, lines.get(schema.typeName))
    byDefinition.set(schema, known)
  }
  return known
}

/** What breaks the rule in a value that is there; nothing when it is empty and need not be judged. */
export function breaches(rule: FieldRule, value: unknown, path: string): FieldError[] {
  const at = rule.atOwner ? path.slice(0, path.lastIndexOf('.')) : path
  if (rule.each && Array.isArray(value))
    return value.flatMap((item, index) =>
      item === '' && !rule.judgesEmpty && rule.each === 'own'
        ? []
        : rule.judge(item, rule.each === 'own' ? `${path}[${index}]` : at),
    )
  return value === '' && !rule.judgesEmpty ? [] : rule.judge(value, at)
}

const byDefinition = new WeakMap<Definition, ReadonlyMap<Field, FieldRule>>()
const noRules: ReadonlyMap<Field, FieldRule> = new Map()
const lines: ReadonlyMap<string, string> = new Map(
  rules
    .trim()
    .split('\n')
    .map((line): [string, string] => {
      const end = line.indexOf(':')
      return [line.slice(0, end), line.slice(end + 1)]
    }),
)

function readRules(schema: Definition, line: string | undefined): ReadonlyMap<Field, FieldRule> {
  if (line === undefined) return noRules
  const read = line.split(',').map((rule): [Field, FieldRule] => {
    const [name = '', demand = ''] = rule.trim().split(' ')
    const field = schema.byName.get(name)
    if (!field) throw new Error(`field-rules: ${schema.typeName} has no field ${name}`)
    return [field, readRule(demand)]
  })
  return new Map(read)
}

function readRule(demand: string): FieldRule {
  const marks = /^[!+*@^]*/.exec(demand)?.[0] ?? ''
  return {
    required: marks.includes('+'),
    judgesEmpty: marks.includes('!'),
    each: marks.includes('*') ? 'own' : marks.includes('@') ? 'list' : undefined,
    atOwner: marks.includes('^'),
    judge: judgeOf(demand.slice(marks.length)),
  }
}

function judgeOf(demand: string): Judge {
  if (demand === '') return () => []
  const range = /^(\d+)\.\.(\d*)$/.exec(demand)
  if (range) return rangeJudge(Number(range[1]), range[2] ? Number(range[2]) : undefined)
  if (demand.includes('|')) {
    const words = demand.split('|')
    return (value, path) =>
      words.includes(value as string) ? [] : [notSupported(path, value, words)]
  }
  const judge = judges.get(demand)
  if (!judge) throw new Error(`field-rules: no rule is called ${demand}`)
  return judge
}

function rangeJudge(from: number, to: number | undefined): Judge {
  return (value, path) => {
    const number = value as number
    if (number >= from && (to === undefined || number <= to)) return []
    if (to !== undefined)
      return [invalid(path, number, `must be between ${from} and ${to}, inclusive`)]
    return [
      invalid(
        path,
        number,
        from === 0 ? 'must be greater than or equal to zero' : 'must be greater than zero',
      ),
    ]
  }
}

function named(problems: (value: string) => string[]): Judge {
  return (value, path) => invalids(path, value as string, problems(value as string))
}

const driverNameBytesMax = 63
const poolNameBytesMax = 253

/** A name of a driver: short, and a subdomain in any case of letters. */
function driverName(value: unknown, path: string): FieldError[] {
  const name = value as string
  const errors = name.length > driverNameBytesMax ? [tooLong(path, driverNameBytesMax)] : []
  return [...errors, ...invalids(path, name, dns1123SubdomainProblems(name.toLowerCase()))]
}

function poolName(value: unknown, path: string): FieldError[] {
  const name = value as string
  const errors = name.length > poolNameBytesMax ? [tooLong(path, poolNameBytesMax)] : []
  return [
    ...errors,
    ...name.split('/').flatMap((part) => invalids(path, part, dns1123SubdomainProblems(part))),
  ]
}

const judges: ReadonlyMap<string, Judge> = new Map<string, Judge>([
  ['subdomain', named(dns1123SubdomainProblems)],
  ['label', named(dns1123LabelProblems)],
  ['labelValue', named(labelValueProblems)],
  ['qualifiedName', named(qualifiedNameProblems)],
  ['configKey', named(configMapKeyProblems)],
  ['segment', named(pathSegmentProblems)],
  ['driverName', driverName],
  ['poolName', poolName],
  ['absolute', named((value) => (value.startsWith('/') ? [] : ['must be an absolute path']))],
  ['id', named((value) => (value.length > 256 ? ['must be 256 characters or less'] : []))],
  [
    'hostPorts',
    named((value) =>
      value.split(',').every((pair) => /^[^:]+:[^:]+$/.test(pair))
        ? []
        : ['must be a host:port pair or multiple pairs separated by commas'],
    ),
  ],
  [
    'port',
    (value, path) =>
      (value as number) >= 1 && (value as number) <= 65_535
        ? []
        : [invalid(path, value, 'port is not valid: must be between 1 and 65535, inclusive')],
  ],
])
