/** Short forms of access modes, in a fixed order (pkg/apis/core/helper/helpers.go). */
const shortForms: ReadonlyMap<string, string> = new Map([
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
])

export function accessModesText(modes: readonly string[] | undefined): string {
  const known = [...shortForms].filter(([mode]) => modes?.includes(mode))
  return known.map(([, short]) => short).join(',')
}

export const accessModesSupported: readonly string[] = [
  'ReadOnlyMany',
  'ReadWriteMany',
  'ReadWriteOnce',
  'ReadWriteOncePod',
]
