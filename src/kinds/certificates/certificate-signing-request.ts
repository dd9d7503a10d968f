import {
  ageColumn,
  column,
  defineKind,
  keepAllButStatus,
  nameColumn,
  subresource,
} from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, humanDuration, nameOf, orNone } from '../print.ts'
import { formatTime } from '../time.ts'
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
  CertificateSigningRequestSpec,
} from '../types.ts'
import { duplicate, invalid, invalids, notSupported, same } from '../validation/field-error.ts'
import { dns1123SubdomainProblems } from '../validation/names.ts'

type Request = CertificateSigningRequest
type Condition = CertificateSigningRequestCondition

const readWrite = ['get', 'patch', 'update']
const expirationSecondsMin = 600
const decisions: ReadonlySet<string> = new Set(['Approved', 'Denied'])

/** k8s.io/kubernetes pkg/registry/certificates/certificates/strategy.go */
export const certificateSigningRequest = defineKind({
  group: 'certificates.k8s.io',
  kind: 'CertificateSigningRequest',
  resource: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  namespaced: false,
  definition: 'io.k8s.api.certificates.v1.CertificateSigningRequest',
  subresources: [
    subresource('approval', 'CertificateSigningRequest', readWrite),
    subresource('status', 'CertificateSigningRequest', readWrite),
  ],
  prepareCreate: (object) => {
    object['status'] = {}
  },
  prepareUpdate: (object, old) => {
    object['spec'] = old['spec']
    object['status'] = old['status'] ?? {}
  },
  prepareStatusUpdate: (object, old, nowMs) => {
    keepAllButStatus(object, old)
    const { status } = typed<Request>(object)
    if (!status) return
    // Whether it is approved is decided on /approval alone.
    status.conditions = [
      ...conditionsOf(old).filter(({ type }) => decisions.has(type)),
      ...(status.conditions ?? []).filter(({ type }) => !decisions.has(type)),
    ]
    stampConditions(status.conditions, conditionsOf(old), nowMs)
  },
  parts: new Map([
    [
      'approval',
      {
        prepare: (object, old, nowMs) => {
          keepAllButStatus(object, old)
          const conditions = conditionsOf(object)
          stampConditions(conditions, conditionsOf(old), nowMs)
          object['status'] = { ...(old['status'] as object | undefined), conditions }
        },
        validate: (object, old) => decisionErrors(conditionsOf(object), conditionsOf(old)),
      },
    ],
  ]),
  validateCreate: (object) => specErrors(typed<Request>(object).spec),
  validateStatusUpdate: (object, old) => decisionErrors(conditionsOf(object), conditionsOf(old)),
  selectableFields: (object) =>
    new Map([['spec.signerName', typed<Partial<Request>>(object).spec?.signerName ?? '']]),
  selectableFieldNames: ['spec.signerName'],
  columns: [
    nameColumn,
    ageColumn,
    column('SignerName', 'string', 'Who is asked to sign.'),
    column('Requestor', 'string', 'Who asks.'),
    column('RequestedDuration', 'string', 'For how long it should be good.'),
    column('Condition', 'string', 'The decision, and whether it is signed.'),
  ],
  row: (object, nowMs) => {
    const { spec } = typed<Partial<Request>>(object)
    const seconds = spec?.expirationSeconds
    return [
      nameOf(object),
      age(object, nowMs),
      orNone(spec?.signerName),
      spec?.username ?? '',
      seconds === undefined ? '<none>' : humanDuration(seconds * 1000),
      conditionCell(object),
    ]
  },
})

function conditionsOf(object: AnyObject): Condition[] {
  return typed<Request>(object).status?.conditions ?? []
}

/** Times that the writer left out: now, or those of an equal condition before. */
function stampConditions(conditions: Condition[], old: readonly Condition[], nowMs: number): void {
  const now = formatTime(nowMs)
  for (const condition of conditions) {
    const before = old.find(({ type }) => type === condition.type)
    condition.lastUpdateTime ??= now
    condition.lastTransitionTime ??=
      before && before.status === condition.status ? (before.lastTransitionTime ?? now) : now
  }
}

const requestLabel = 'CERTIFICATE REQUEST'
const usagesSupported = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]

/** k8s.io/kubernetes pkg/apis/certificates/validation/validation.go */
function specErrors(spec: CertificateSigningRequestSpec | undefined): FieldError[] {
  if (!spec) return []
  const { request = '', usages = [], expirationSeconds, signerName = '' } = spec
  const errors: FieldError[] = []
  const pem = Buffer.from(request, 'base64').toString('latin1')
  if (request !== '' && !pem.includes(`-----BEGIN ${requestLabel}-----`))
    errors.push(invalid('spec.request', request, `PEM block type must be ${requestLabel}`))
  for (const [index, usage] of usages.entries()) {
    const at = `spec.usages[${index}]`
    if (!usagesSupported.includes(usage)) errors.push(notSupported(at, usage, usagesSupported))
    if (usages.indexOf(usage) < index) errors.push(duplicate(at, usage))
  }
  if (signerName !== '') errors.push(...signerErrors(signerName))
  if (expirationSeconds !== undefined && expirationSeconds < expirationSecondsMin)
    errors.push(
      invalid(
        'spec.expirationSeconds',
        expirationSeconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    )
  return errors
}

function signerErrors(signerName: string): FieldError[] {
  const [domain = '', path = '', ...more] = signerName.split('/')
  const at = 'spec.signerName'
  if (path === '' || more.length > 0 || !domain.includes('.'))
    return [
      invalid(
        at,
        signerName,
        "must be a fully qualified domain and path of the form 'example.com/signer-name'",
      ),
    ]
  return [
    ...invalids(at, signerName, dns1123SubdomainProblems(domain)),
    ...invalids(at, signerName, dns1123SubdomainProblems(path)),
  ]
}

function decisionErrors(conditions: readonly Condition[], old: readonly Condition[]): FieldError[] {
  const at = 'status.conditions'
  const errors: FieldError[] = []
  const types = conditions.map(({ type }) => type)
  for (const [index, { type, status }] of conditions.entries()) {
    if (decisions.has(type) && status !== 'True')
      errors.push(notSupported(`${at}[${index}].status`, status, ['True']))
    if (types.indexOf(type) < index) errors.push(duplicate(`${at}[${index}].type`, type))
  }
  if (types.includes('Approved') && types.includes('Denied'))
    errors.push(
      invalid(`${at}`, conditions, 'Approved and Denied conditions are mutually exclusive'),
    )
  for (const condition of old)
    if (decisions.has(condition.type)) {
      const now = conditions.find(({ type }) => type === condition.type)
      if (!now || !same(now.status, condition.status))
        errors.push(
          invalid(at, conditions, `updates may not remove a condition of type "${condition.type}"`),
        )
    }
  return errors
}

function conditionCell(object: AnyObject): string {
  const types = new Set(conditionsOf(object).map(({ type }) => type))
  const decision = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending'
  const issued = typed<Request>(object).status?.certificate ? ',Issued' : ''
  return `${decision}${types.has('Failed') ? ',Failed' : ''}${issued}`
}
