import { type ChildProcess, spawn } from 'node:child_process'
import { type Ran, runProgram } from './kubectl-binary.ts'

/** One cluster that etcdctl is run against. */
export interface Side {
  readonly name: string
  /** Global flags: endpoints and certificates. */
  readonly flags: readonly string[]
  /** What is added to a revision that counts from 1. */
  readonly offset: number
  readonly names: Map<string, string>
  readonly running: Map<string, Running>
}

interface Running {
  readonly child: ChildProcess
  text: string
  changed: () => void
}

const waitMs = 60_000
/** Until a lock or an election is given back; a lease that is left would be seen by later lines. */
const endMs = 30_000
const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], ETCDCTL_API: '3' })

/** Runs a line of the script to its end. */
export async function run(side: Side, line: string): Promise<Ran> {
  const { words, input, capture } = parse(side, line)
  const ran = await runProgram('etcdctl', [...side.flags, ...words], {
    ...{ timeoutMs: 120_000, input },
  })
  const found = /lease ([0-9a-f]+) granted|^([0-9a-f]+), started/.exec(ran.stdout)
  if (capture && found) side.names.set(capture, found[1] ?? found[2] ?? '')
  return ran
}

export function start(side: Side, name: string, line: string): void {
  const { words, input } = parse(side, line)
  const child = spawn('etcdctl', [...side.flags, ...words], { env: environment() })
  const running: Running = { child, text: '', changed: () => {} }
  const hear = (chunk: Buffer) => {
    running.text += chunk.toString()
    running.changed()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  // Interactive commands end with their input; others must not wait for it.
  if (input !== '') child.stdin.write(input)
  side.running.set(name, running)
}

/** Waits for the output, ends the command; resolves with everything that it said. */
export async function finish(side: Side, name: string, until: RegExp): Promise<string> {
  const running = side.running.get(name)
  if (!running) throw new Error(`nothing runs under the name ${name}`)
  side.running.delete(name)
  const { child } = running
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      running.text += `never said ${until}\n`
      resolve()
    }, waitMs)
    running.changed = () => {
      if (!until.test(running.text)) return
      clearTimeout(timer)
      resolve()
    }
    running.changed()
  })
  await stop(child)
  return running.text
}

/** As Ctrl-C does it: lock and elect give back what they hold. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGKILL'), endMs)
  await ended
  clearTimeout(timer)
}

export async function stopAll(side: Side): Promise<void> {
  for (const { child } of side.running.values()) await stop(child)
}

function parse(side: Side, line: string) {
  const [command = '', input = ''] = line.split(' <<< ')
  const [text = '', capture] = command.split(' => ')
  const fill = (part: string) =>
    part
      .replaceAll(/@(\d+)/g, (_all, revision) => `${Number(revision) + side.offset}`)
      .replaceAll(/\$([A-Z]+)\b/g, (all, name) => side.names.get(name) ?? all)
  const words = [...text.matchAll(/"([^"]*)"|(\S*?)="([^"]*)"|(\S+)/g)].map(
    ([, quoted, flag, value, plain]) => fill(quoted ?? plain ?? `${flag}=${value}`),
  )
  return { words, input: fill(input.replaceAll('\\n', '\n')), capture }
}

const revisionNames = 'revision|mod_revision|create_revision|CompactRevision|compact_revision'
const fieldNames = '(?:Prev)?(?:Mod|Create|Compact)?Revision'
const idNames =
  'id|cluster_id|member_id|ID|leader|raft_term|raftIndex|raftTerm|raftAppliedIndex|lease'

/**
 * What the two may differ in, made equal: identifiers, addresses, times, sizes, and revisions, which are
 * counted from the same beginning.
 */
export function masked(side: Side, text: string): string {
  const since = (digits: string) => (Number(digits) === 0 ? '0' : `${Number(digits) - side.offset}`)
  return (
    text
      // Log lines of the client library: the error itself comes after them.
      .replaceAll(/^\{"level":.*\n/gm, '')
      .replaceAll(new RegExp(`"(${revisionNames})":(\\d+)`, 'g'), (_, name, digits) => {
        return `"${name}":${since(digits)}`
      })
      .replaceAll(new RegExp(`"(${fieldNames})" : (\\d+)`, 'g'), (_, name, digits) => {
        return `"${name}" : ${since(digits)}`
      })
      .replaceAll(/compacted revision (\d+)/g, (_, digits) => `compacted revision ${since(digits)}`)
      .replaceAll(new RegExp(`"(${idNames})":"?[0-9a-f]+"?`, 'g'), '"$1":ID')
      .replaceAll(/"(ClusterID|MemberID|RaftTerm|Lease|ID|Leader)" : \d+/g, '"$1" : ID')
      .replaceAll(/"(DBSize|DBSizeInUse|RaftIndex|RaftAppliedIndex)" : \d+/g, '"$1" : N')
      .replaceAll(/progress notify: (\d+)/g, (_, digits) => `progress notify: ${since(digits)}`)
      .replaceAll(/"(TTL)" : \d+/g, '"$1" : TIME')
      .replaceAll(/\b(lease|found|member|Member) (0*[0-9a-f]{6,16})\b/g, '$1 ID')
      .replaceAll(/^[0-9a-f]{12,16}$/gm, 'ID')
      .replaceAll(/\/[0-9a-f]{10,16}$/gm, '/ID')
      .replaceAll(/remaining\(\d+s\)/g, 'remaining(TIME)')
      .replaceAll(/"ttl":\d+/g, '"ttl":TIME')
      .replaceAll(/took = \S+/g, 'took = TIME')
      .replaceAll(/"took":"[^"]+"/g, '"took":TIME')
      .replaceAll(/https?:\/\/127\.0\.0\.1:\d+/g, 'ENDPOINT')
      .replaceAll(/127\.0\.0\.1:\d+/g, 'ENDPOINT')
      .replaceAll(/\d+(\.\d+)? ?([kMG]B|bytes)/g, 'SIZE')
      .replaceAll(/"(dbSize|dbSizeInUse)":\d+/g, '"$1":SIZE')
      .replaceAll(/[\d.]+[mµ]?s\b/g, 'TIME')
      .replaceAll(/\b[em]([1-3])\b/g, 'NAME')
      .replaceAll(/3\.\d\.\d\d\b/g, 'VERSION')
      // Tables: their widths follow from what was masked. 3.5 draws them with the characters for it.
      .replaceAll(/^[+┌├└][-+─┬┼┴]+[+┐┤┘]$/gm, '+')
      .replaceAll(/ *[|│] */g, '|')
      .replaceAll(/^(\|?)[0-9a-f]+(, |\|)(started)/gm, '$1ID$2$3')
      .replaceAll(
        /^(ENDPOINT, )[0-9a-f]+(, .*), \d+, \d+, \d+, $/gm,
        '$1ID$2, TERM, INDEX, INDEX, ',
      )
      .replaceAll(
        /^\|ENDPOINT\|[0-9a-f]+(\|.*)\|\d+\|\d+\|\d+\|/gm,
        '|ENDPOINT|ID$1|TERM|INDEX|INDEX|',
      )
  )
}

/** Lines whose order is that of identifiers, or of two writers: sorted. Hashes: which ones are equal. */
export function settled(line: string, text: string): string {
  // An etcdctl that does not know a flag, and asks nobody, says so on both of its outputs, in no order.
  const unknown = /unknown flag: \S+/.exec(text)
  if (unknown) return unknown[0]
  if (line.startsWith('endpoint hashkv')) {
    const seen: string[] = []
    return text.replaceAll(/\b\d{4,10}\b/g, (hash) => {
      if (!seen.includes(hash)) seen.push(hash)
      return `HASH${seen.indexOf(hash)}`
    })
  }
  // etcd lists the keys of a lease in no order.
  if (line.startsWith('lease timetolive'))
    return text
      .replaceAll(/\[([^[\]]*)\]/g, (_, list: string) => `[${list.split(/[ ,]/).sort()}]`)
      .replaceAll(
        /(?:^"Key" : .*\n)+/gm,
        (keys) => `${keys.split('\n').sort().join('\n').trim()}\n`,
      )
  // How many revisions come in one answer, and so how many headers, is the moment's.
  if (line === 'fields')
    return text.replaceAll(/^"(?:ClusterID|MemberID|Revision|RaftTerm)" : .*\n/gm, '')
  // How often an idle watch hears of progress is the server's choice, how much of it came the moment's.
  if (line === 'notified') return text.replaceAll(/^progress notify: .*\n/gm, '')
  return /^(member|endpoint|exec|many)/.test(line) ? text.split('\n').sort().join('\n') : text
}
