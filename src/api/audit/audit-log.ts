import { isStatus } from '../../base/status.ts'
import type { ApiRequest, ApiResponse } from '../../client/transport.ts'
import { decodeAnyProtobuf, isProtobuf } from '../../kinds/decode-protobuf.ts'
import type { User } from '../auth/user.ts'
import type { RequestInfo } from '../request-info.ts'
import { type AuditLevel, type AuditRule, auditLevel } from './audit-policy.ts'

export interface AuditOptions {
  readonly rules: readonly AuditRule[]
  /** Takes one line of JSON, without its end. */
  readonly write: (line: string) => void
}

/** What is in the audit log beside the request. */
export interface AuditAnnotation {
  readonly value: string
  /** Lines that are to say less leave it out. */
  readonly level: 'Metadata' | 'Request'
}

/** A request that was answered. */
export interface Answered {
  readonly id: string
  readonly request: ApiRequest
  readonly info: RequestInfo
  /** Whom it was carried out as. */
  readonly user: User
  readonly answer: ApiResponse
  /** What authorization, policies and webhooks noted. */
  readonly annotations: ReadonlyMap<string, AuditAnnotation>
  readonly receivedMs: number
  readonly answeredMs: number
}

/** Larger bodies are not repeated in the log: their size is. */
const bodyBytesMax = 256 * 1024

/** Who did what and how it ended, as lines of audit.k8s.io/v1 Events (apiserver pkg/audit). */
export class AuditLog {
  readonly #options: AuditOptions

  constructor(options: AuditOptions) {
    this.#options = options
  }

  answered(one: Answered): void {
    const level = auditLevel(this.#options.rules, one.user.impersonator ?? one.user, one.info)
    if (level === 'None') return
    this.#options.write(JSON.stringify(eventOf(level, one)))
  }
}

function eventOf(level: AuditLevel, one: Answered): object {
  const { id, request, info, user, answer, receivedMs, answeredMs } = one
  const { impersonator } = user
  const userAgent = request.headers.get('user-agent')
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level,
    auditID: id,
    stage: answer.body.kind === 'stream' ? 'ResponseStarted' : 'ResponseComplete',
    requestURI: request.path,
    verb: info.verb,
    user: userInfo(impersonator ?? user),
    ...(impersonator ? { impersonatedUser: userInfo(user) } : {}),
    ...(userAgent ? { userAgent } : {}),
    ...(info.isResource ? { objectRef: objectRef(info) } : {}),
    responseStatus: { metadata: {}, code: answer.status },
    ...(level === 'Metadata' ? {} : bodyField('requestObject', request.body)),
    ...(level === 'RequestResponse' && answer.body.kind === 'whole'
      ? bodyField('responseObject', Buffer.concat(answer.body.chunks))
      : {}),
    requestReceivedTimestamp: microTime(receivedMs),
    stageTimestamp: microTime(answeredMs),
    ...annotationsField(level, one.annotations),
  }
}

function annotationsField(level: AuditLevel, all: Answered['annotations']): object {
  const told = [...all].filter(([, one]) => one.level === 'Metadata' || level !== 'Metadata')
  if (told.length === 0) return {}
  return { annotations: Object.fromEntries(told.map(([key, { value }]) => [key, value])) }
}

function userInfo({ name, uid, groups, extra }: User): object {
  return {
    username: name,
    ...(uid === '' ? {} : { uid }),
    groups,
    ...(extra ? { extra } : {}),
  }
}

function objectRef(info: RequestInfo): object {
  const { resource, namespace, name, group, version, subresource } = info
  const fields = { resource, namespace, name, apiGroup: group, apiVersion: version, subresource }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
}

/** Bodies that are no object in JSON or protobuf (patches in YAML) are named by their size alone. */
function bodyField(name: string, body: Uint8Array | undefined): object {
  if (!body || body.length === 0) return {}
  const sizeAlone = { [name]: { bytes: body.length } }
  if (body.length > bodyBytesMax) return sizeAlone
  try {
    const object = isProtobuf(body)
      ? decodeAnyProtobuf(body)
      : JSON.parse(Buffer.from(body).toString('utf8'))
    return object === undefined ? sizeAlone : { [name]: object }
  } catch (error) {
    if (error instanceof SyntaxError || isStatus(error, 'BadRequest')) return sizeAlone
    throw error
  }
}

function microTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, -1)}000Z`
}
