import type { Monitored } from './context.ts'
import { etcdErrorOf } from './errors.ts'
import { alarmsOf } from './maintenance.ts'

/** What a probe came to: what it says, and whether that is good news. */
export interface Verdict {
  readonly passes: boolean
  readonly text: string
}

/** Undefined when it passes, else why not. */
type Check = (monitored: Monitored) => Promise<string | undefined>

/** The checks by their names, as etcd has had them since 3.5.11 (server/etcdserver/api/etcdhttp/health.go). */
const checks: ReadonlyMap<string, Check> = new Map([
  // A member that answers reads its own state; one that lost its state has left.
  ['serializable_read', async () => undefined],
  ['linearizable_read', linearizableRead],
  // A member whose state differs from the others' leaves by itself, before anybody can ask it.
  ['data_corruption', async () => undefined],
  ['non_learner', nonLearner],
])

/** The probes that ask for several checks at once, and which. */
const probes: ReadonlyMap<string, readonly string[]> = new Map([
  ['/livez', ['serializable_read']],
  ['/readyz', [...checks.keys()]],
])

/** Of a probe or of one check of it; undefined for a path that is neither. */
export async function probe(monitored: Monitored, url: URL): Promise<Verdict | undefined> {
  const named = checksAt(url.pathname)
  if (!named) return undefined
  const excluded = named.length > 1 ? url.searchParams.getAll('exclude') : []
  const asked = named.filter((name) => !excluded.includes(name))
  const problems = await Promise.all(asked.map((name) => checks.get(name)?.(monitored)))
  const lines = asked.map((name, at) => {
    const problem = problems[at]
    return problem === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${problem}\n`
  })
  if (problems.some((problem) => problem !== undefined))
    return { passes: false, text: lines.join('') }
  return { passes: true, text: `${url.searchParams.has('verbose') ? lines.join('') : ''}ok\n` }
}

function checksAt(path: string): readonly string[] | undefined {
  const slash = path.indexOf('/', 1)
  if (slash < 0) return probes.get(path)
  const name = path.slice(slash + 1)
  return probes.get(path.slice(0, slash))?.includes(name) ? [name] : undefined
}

/** What `/health` says: why this member is not healthy, or nothing. */
export async function illness(monitored: Monitored, query: URLSearchParams): Promise<string> {
  const excluded = query.getAll('exclude')
  const alarm = alarmsOf(monitored.member).find((name) => !excluded.includes(name))
  if (alarm) return `ALARM ${alarm}`
  if (query.get('serializable') === 'true') return ''
  if (monitored.store.leadership.leader === 0) return 'RAFT NO LEADER'
  const problem = await linearizableRead(monitored)
  return problem === undefined ? '' : `RANGE ERROR:${problem}`
}

async function linearizableRead({ store }: Monitored): Promise<string | undefined> {
  try {
    await store.barrier()
    return undefined
  } catch (error) {
    const expected = etcdErrorOf(error)
    if (!expected) throw error
    return expected.details
  }
}

async function nonLearner({ member }: Monitored): Promise<string | undefined> {
  const { memberId, learners } = member.status()
  return learners.includes(memberId) ? 'not supported for learner' : undefined
}
