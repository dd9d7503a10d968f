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
import {
  duplicate,
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../validation/field-error.ts'
import {
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  pathSegmentProblems,
} from '../validation/names.ts'
import { readCertificationRequest } from './certification-request.ts'
import { signers } from './signers.ts'

type Request = CertificateSigningRequest
type Condition = CertificateSigningRequestCondition

const readWrite = ['get', 'patch', 'update']
const expirationSecondsMin = 600
const decisions: ReadonlySet<string> = new Set(['Approved', 'Denied'])
/** Conditions that are true, or not there; once there they stay. */
const lasting: readonly string[] = ['Approved', 'Denied', 'Failed']
const domainLengthMax = 253
const signerNameLengthMax = 571

/** k8s.io/kubernetes pkg/registry/certificates/certificates/strategy.go */
export const certificateSigningRequest = defineKind({
  group: 'certificates.k8s.io',
  kind: 'CertificateSigningRequest',
  resource: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  namespaced: false,
  // Kubelets name their requests by a digest in base64url.
  nameRule: pathSegmentProblems,
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
        validate: (object, old) => conditionErrors(conditionsOf(object), conditionsOf(old)),
      },
    ],
  ]),
  validateCreate: (object) => specErrors(typed<Request>(object).spec),
  validateStatusUpdate: (object, old) => [
    ...conditionErrors(conditionsOf(object), conditionsOf(old)),
    ...certificateErrors(certificateOf(object), certificateOf(old)),
  ],
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

function certificateOf(object: AnyObject): string {
  return typed<Request>(object).status?.certificate ?? ''
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
  const unreadable = requestProblem(request)
  if (unreadable !== undefined) errors.push(invalid('spec.request', request, unreadable))
  if (usages.length === 0) errors.push(required('spec.usages'))
  for (const [index, usage] of usages.entries()) {
    const at = `spec.usages[${index}]`
    if (!usagesSupported.includes(usage)) errors.push(notSupported(at, usage, usagesSupported))
    if (usages.indexOf(usage) < index) errors.push(duplicate(at, usage))
  }
  errors.push(...signerErrors(signerName))
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

function requestProblem(request: string): string | undefined {
  try {
    readCertificationRequest(Buffer.from(request, 'base64').toString('latin1'))
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function signerErrors(signerName: string): FieldError[] {
  const at = 'spec.signerName'
  if (signerName === '') return [required(at, 'signerName must be provided')]
  if (signerName === signers.legacyUnknown)
    return [invalid(at, signerName, 'the legacy signerName is not allowed via this API version')]
  const [domain = '', path = '', ...more] = signerName.split('/')
  if (!signerName.includes('/') || more.length > 0)
    return [
      invalid(
        at,
        signerName,
        "must be a fully qualified domain and path of the form 'example.com/signer-name'",
      ),
    ]
  const errors = labelErrors(domain, dns1123LabelProblems)
  if (domain.length > domainLengthMax) errors.unshift(tooLong(at, domainLengthMax))
  if (!domain.includes('.'))
    errors.push(
      invalid(at, domain, 'should be a domain with at least two segments separated by dots'),
    )
  errors.push(...labelErrors(path, dns1123SubdomainProblems))
  if (signerName.length > signerNameLengthMax) errors.push(tooLong(at, signerNameLengthMax))
  return errors
}

/** Those of the first dotted part that breaks the rule. */
function labelErrors(dotted: string, problemsOf: (label: string) => string[]): FieldError[] {
  for (const label of dotted.split('.')) {
    const problems = problemsOf(label)
    if (problems.length > 0)
      return problems.map((problem) =>
        invalid('spec.signerName', dotted, `validating label ${JSON.stringify(label)}: ${problem}`),
      )
  }
  return []
}

const conditionsAt = 'status.conditions'

function conditionErrors(
  conditions: readonly Condition[],
  old: readonly Condition[],
): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, { type, status }] of conditions.entries()) {
    const at = `${conditionsAt}[${index}]`
    const supported = lasting.includes(type) ? ['True'] : ['False', 'True', 'Unknown']
    if (!type) errors.push(required(`${at}.type`))
    if (!status) errors.push(required(`${at}.status`))
    else if (!supported.includes(status))
      errors.push(notSupported(`${at}.status`, status, supported))
    if (decisions.has(type) && [...decisions].some((one) => one !== type && seen.has(one)))
      errors.push(
        invalid(`${at}.type`, type, 'Approved and Denied conditions are mutually exclusive'),
      )
    if (seen.has(type)) errors.push(duplicate(`${at}.type`, type))
    seen.add(type)
  }
  for (const type of lasting)
    if (!seen.has(type) && old.some((condition) => condition.type === type))
      errors.push(
        forbidden(
          conditionsAt,
          `updates may not remove a condition of type ${JSON.stringify(type)}`,
        ),
      )
  return errors
}

/** A certificate is written once, and is one. */
function certificateErrors(certificate: string, old: string): FieldError[] {
  const at = 'status.certificate'
  if (certificate === old) return []
  if (old !== '') return [forbidden(at, 'updates may not modify existing certificate content')]
  const pem = Buffer.from(certificate, 'base64').toString('latin1')
  const labels = [...pem.matchAll(/-----BEGIN ([^-]*)-----/g)].map(([, label = '']) => label)
  const foreign = labels.find((label) => label !== 'CERTIFICATE')
  const problem =
    foreign === undefined
      ? 'must contain at least one CERTIFICATE PEM block'
      : `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(foreign)}`
  return labels.length > 0 && foreign === undefined
    ? []
    : [invalid(at, '<certificate data>', problem)]
}

function conditionCell(object: AnyObject): string {
  const types = new Set(conditionsOf(object).map(({ type }) => type))
  const decision = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending'
  const issued = typed<Request>(object).status?.certificate ? ',Issued' : ''
  return `${decision}${types.has('Failed') ? ',Failed' : ''}${issued}`
}
