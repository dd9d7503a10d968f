/**
 * The order in which clients prefer versions: v2, v1, v2beta1, v1beta2, v1alpha1, then the rest by name
 * (apimachinery pkg/version/helpers.go CompareKubeAwareVersionStrings).
 */
export function compareVersionNames(left: string, right: string): number {
  const a = readVersion(left)
  const b = readVersion(right)
  if (!a || !b) return Number(b !== undefined) - Number(a !== undefined) || compare(left, right)
  return b.stability - a.stability || b.major - a.major || b.minor - a.minor
}

function readVersion(name: string) {
  const found = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(name)
  if (!found) return undefined
  const [, major, word, minor = '0'] = found
  const stability = word === 'alpha' ? 0 : word === 'beta' ? 1 : 2
  return { stability, major: Number(major), minor: Number(minor) }
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
