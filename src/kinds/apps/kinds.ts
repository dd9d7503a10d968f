import type { Kind } from '../kind.ts'
import { deployment } from './deployment.ts'
import { replicaSet } from './replica-set.ts'

/** The group apps. */
export const appsKinds: readonly Kind[] = [deployment, replicaSet]
