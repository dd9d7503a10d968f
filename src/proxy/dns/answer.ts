import {
  type Answer,
  answerCodes,
  decodeAddresses,
  decodeQuery,
  encodeAnswer,
  encodeQuery,
  type Query,
  type Resource,
} from './message.ts'
import { type Directory, zoneAnswer } from './zone.ts'

/** Asks a server of other names; undefined when none answered. */
export type Upstream = (query: Buffer, by: 'udp' | 'tcp') => Promise<Buffer | undefined>

export interface Answering {
  /** Such as `cluster.local`. */
  readonly zone: string
  readonly directory: Directory
  readonly upstream: Upstream
}

const aliasesMax = 8

/** The answer to a message; undefined for what is not answered at all. */
export async function answerMessage(
  bytes: Buffer,
  by: 'udp' | 'tcp',
  answering: Answering,
): Promise<Buffer | undefined> {
  const query = decodeQuery(bytes)
  if (!query) return undefined
  if (query.operation !== 0)
    return encodeAnswer(query, withoutAnswer(answerCodes.notImplemented), by)
  const own = zoneAnswer(query, answering.zone, answering.directory)
  if (!own) {
    const forwarded = await answering.upstream(bytes, by)
    return forwarded ?? encodeAnswer(query, withoutAnswer(answerCodes.serverFailure), by)
  }
  if (own.follow === undefined) return encodeAnswer(query, own, by)
  const followed = await follow(own.follow, query, by, answering)
  return encodeAnswer(query, { ...own, answers: [...own.answers, ...followed] }, by)
}

/** What an alias leads to, as far as it can be found: the alias itself is an answer without it. */
async function follow(
  name: string,
  query: Query,
  by: 'udp' | 'tcp',
  { zone, directory, upstream }: Answering,
): Promise<readonly Resource[]> {
  const found: Resource[] = []
  let target = name
  for (let hops = 0; hops < aliasesMax; hops += 1) {
    const own = zoneAnswer({ name: target, type: query.type }, zone, directory)
    if (!own) {
      const answer = await upstream(encodeQuery(query.id, target, query.type), by)
      return [...found, ...((answer && decodeAddresses(answer)) ?? [])]
    }
    found.push(...own.answers)
    if (own.follow === undefined) return found
    target = own.follow
  }
  return found
}

function withoutAnswer(code: number): Answer {
  return { code, authoritative: false, answers: [] }
}
