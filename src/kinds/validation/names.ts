/**
 * Rules of names, as one sentence each when broken, undefined when kept
 * (apimachinery pkg/util/validation/validation.go). The sentences are what clients see, with the
 * regular expressions that Kubernetes names in them.
 */

const dns1123LabelPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const dns1123Label = new RegExp(`^${dns1123LabelPattern}$`)
const dns1123SubdomainPattern = `${dns1123LabelPattern}(\\.${dns1123LabelPattern})*`
const dns1123Subdomain = new RegExp(`^${dns1123SubdomainPattern}$`)
const dns1035LabelPattern = '[a-z]([-a-z0-9]*[a-z0-9])?'
const dns1035Label = new RegExp(`^${dns1035LabelPattern}$`)
const qualifiedNamePattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const qualifiedName = new RegExp(`^${qualifiedNamePattern}$`)
const labelValuePattern = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?'
const labelValue = new RegExp(`^${labelValuePattern}$`)
const envVarNamePattern = '[-._a-zA-Z][-._a-zA-Z0-9]*'
const configMapKeyPattern = '[-._a-zA-Z0-9]+'

const labelLengthMax = 63
const subdomainLengthMax = 253

function lengthProblem(max: number): string {
  return `must be no more than ${max} bytes`
}

/** Names of DNS are measured in characters, which are ASCII. */
function dnsLengthProblem(max: number): string {
  return `must be no more than ${max} characters`
}

/** The list of examples is written as Go's RegexError writes it, double space included. */
function patternProblem(message: string, pattern: string, ...examples: string[]): string {
  const quoted = examples.map((example) => `'${example}', `).join(' or ')
  return `${message} (e.g. ${quoted}regex used for validation is '${pattern}')`
}

const dns1123LabelMessage = patternProblem(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  dns1123LabelPattern,
  'my-name',
  '123-abc',
)
const dns1123SubdomainMessage = patternProblem(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  dns1123SubdomainPattern,
  'example.com',
)
const dns1035LabelMessage = patternProblem(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  dns1035LabelPattern,
  'my-name',
  'abc-123',
)
const qualifiedNameMessage = patternProblem(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualifiedNamePattern,
  'MyName',
  'my.name',
  '123-abc',
)
const labelValueMessage = patternProblem(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  labelValuePattern,
  'MyValue',
  'my_value',
  '12345',
)

/** Names of namespaces, containers, volumes, ports' owners: at most 63 characters. */
export function dns1123LabelProblems(value: string): string[] {
  return problems(value, labelLengthMax, dns1123Label, dns1123LabelMessage)
}

/** Names of most objects: dotted labels, at most 253 characters. */
export function dns1123SubdomainProblems(value: string): string[] {
  return problems(value, subdomainLengthMax, dns1123Subdomain, dns1123SubdomainMessage)
}

const wildcardPattern = `\\*\\.${dns1123SubdomainPattern}`

/** Host names that stand for all below a domain: `*.example.com`. */
export function wildcardSubdomainProblems(value: string): string[] {
  const message = patternProblem(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    wildcardPattern,
    '*.example.com',
  )
  return problems(value, subdomainLengthMax, new RegExp(`^${wildcardPattern}$`), message)
}

/** Names of services: a label that starts with a letter. */
export function dns1035LabelProblems(value: string): string[] {
  return problems(value, labelLengthMax, dns1035Label, dns1035LabelMessage)
}

/** Names that need only fit into a path (apimachinery pkg/api/validation/path/name.go). */
export function pathSegmentProblems(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return ['/', '%']
    .filter((part) => value.includes(part))
    .map((part) => `may not contain '${part}'`)
}

/** Keys of labels and annotations, names of resources and finalizers: `[prefix/]name`. */
export function qualifiedNameProblems(value: string): string[] {
  const parts = value.split('/')
  if (parts.length > 2) return [`a valid label key ${qualifiedNameMessage}${prefixHint}`]
  const found: string[] = []
  const name = parts.at(-1) ?? ''
  if (parts.length === 2) {
    const prefix = parts[0] ?? ''
    if (prefix === '') found.push('prefix part must be non-empty')
    else found.push(...dns1123SubdomainProblems(prefix).map((text) => `prefix part ${text}`))
  }
  if (name === '') found.push('name part must be non-empty')
  else if (name.length > labelLengthMax) found.push(`name part ${lengthProblem(labelLengthMax)}`)
  if (!qualifiedName.test(name)) found.push(`name part ${qualifiedNameMessage}`)
  return found
}

const prefixHint = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"

export function labelValueProblems(value: string): string[] {
  const found = value.length > labelLengthMax ? [lengthProblem(labelLengthMax)] : []
  return labelValue.test(value) ? found : [...found, labelValueMessage]
}

export function labelKeyProblem(value: string): string | undefined {
  return joined(qualifiedNameProblems(value))
}

export function labelValueProblem(value: string): string | undefined {
  return joined(labelValueProblems(value))
}

/** Names of environment variables: printable ASCII without `=`. */
export function envVarNameProblems(value: string): string[] {
  if (value === '') return ['environment variable name must not be empty']
  if (/^[\x20-\x3c\x3e-\x7e]+$/.test(value)) return []
  return [
    "a valid environment variable name must consist only of printable ASCII characters other than '='",
  ]
}

/** Strict names of environment variables, which envFrom needs of a prefix. */
export function cIdentifierProblems(value: string): string[] {
  return new RegExp(`^${envVarNamePattern}$`).test(value)
    ? []
    : [
        patternProblem(
          "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
          envVarNamePattern,
          'my.env-name',
          'MY_ENV.NAME',
          'MyEnvName1',
        ),
      ]
}

/** Keys of config maps and secrets, which become file names. */
export function configMapKeyProblems(value: string): string[] {
  const found: string[] = []
  if (value.length > subdomainLengthMax) found.push(dnsLengthProblem(subdomainLengthMax))
  if (!new RegExp(`^${configMapKeyPattern}$`).test(value))
    found.push(
      patternProblem(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        configMapKeyPattern,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    )
  if (value === '.') found.push("must not be '.'")
  else if (value === '..') found.push("must not be '..'")
  else if (value.startsWith('..')) found.push("must not start with '..'")
  return found
}

/** Names of ports, such as `http`: at most 15 lower-case letters, digits and single hyphens. */
export function portNameProblems(value: string): string[] {
  const found: string[] = []
  if (value.length > 15) found.push('must be no more than 15 characters')
  if (!/^[-a-z0-9]+$/.test(value))
    found.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(value)) found.push('must contain at least one letter (a-z)')
  if (value.includes('--')) found.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-'))
    found.push('must not begin or end with a hyphen')
  return found
}

function problems(value: string, max: number, pattern: RegExp, message: string): string[] {
  const found: string[] = []
  if (value.length > max) found.push(dnsLengthProblem(max))
  if (!pattern.test(value)) found.push(message)
  return found
}

function joined(found: readonly string[]): string | undefined {
  return found.length === 0 ? undefined : found.join('; ')
}
