import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The Kubernetes release whose API is served. */
export const kubernetesVersion = 'v1.36.0'

/** This program's own version, from its package. */
export function programVersion(): string {
  const file = join(import.meta.dirname, '..', '..', '..', 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
