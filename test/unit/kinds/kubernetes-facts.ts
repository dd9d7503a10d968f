import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Facts of Kubernetes v1.36 that stand beside the repository, in `shared/kubernetes` of a folder
 * above it, and are no part of it. Tests that compare with them are skipped where there are none.
 */
export function kubernetesFacts<T>(file: string): T | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, 'shared', 'kubernetes', file)
    if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as T
    if (dirname(folder) === folder) return undefined
  }
}

export const noFacts = 'no shared/kubernetes beside the repository to compare with'
