import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommanderError } from 'commander'
import { completionScript } from '../../../src/cli/completion.ts'
import { table } from '../../../src/cli/print/table.ts'
import { type Actions, createProgram } from '../../../src/cli/program.ts'

/** Runs a command line against actions that only note what they were asked. */
async function parse(line: string): Promise<{ asked: [string, object][]; code: number }> {
  const asked: [string, object][] = []
  const note = (name: string) => async (first: object, second?: object) => {
    const isNamed = Array.isArray(first) || typeof first !== 'object'
    asked.push([name, isNamed ? { on: first, ...second } : first])
    return 7
  }
  const names = [
    ...(['up', 'down', 'status', 'master', 'worker', 'demoFailover', 'version'] as const),
    ...(['raftLog', 'raftAdd', 'raftRecover', 'join', 'tokenCreate', 'tokenDelete'] as const),
  ]
  const noted = Object.fromEntries(names.map((name) => [name, note(name)]))
  let code = 0
  const program = createProgram(
    { ...noted, completion: async () => 0 } as unknown as Actions,
    (given) => {
      code = given
    },
  )
  silence(program)
  await program.parseAsync(line.split(' ').filter(Boolean), { from: 'user' })
  return { asked, code }
}

function silence(command: ReturnType<typeof createProgram>): void {
  command.configureOutput({ writeErr: () => {}, writeOut: () => {} })
  for (const child of command.commands) silence(child)
}

test('the command line hands flags to actions and takes their exit code', async () => {
  const up = await parse('up -d --masters 5 --workers 0 --runtime sim --api-port 0 --no-install')
  assert.deepEqual(up.asked, [
    [
      'up',
      {
        ...{ detach: true, masters: 5, workers: 0, runtime: 'sim' },
        ...{ apiPort: 0, install: false },
      },
    ],
  ])
  assert.equal(up.code, 7)
  assert.deepEqual((await parse('demo failover --rounds 3 --json')).asked, [
    ['demoFailover', { rounds: 3, json: true, install: true }],
  ])
  assert.deepEqual((await parse('status -o json')).asked, [['status', { output: 'json' }]])
  assert.deepEqual((await parse('raft log m2 --from 3')).asked, [
    ['raftLog', { on: 'm2', from: 3, limit: 20 }],
  ])
  assert.deepEqual((await parse('raft add m2 --learner')).asked, [
    ['raftAdd', { on: 'm2', learner: true }],
  ])
  assert.deepEqual((await parse('raft recover m1 m2 --yes')).asked, [
    ['raftRecover', { on: ['m1', 'm2'], yes: true }],
  ])
  const join = 'join https://10.0.0.1:6443 --token abcdef.0123456789abcdef --ca-hash sha256:00'
  assert.deepEqual((await parse(`${join} --label a=b c=d --no-install`)).asked, [
    [
      'join',
      {
        ...{ on: '10.0.0.1:6443', token: 'abcdef.0123456789abcdef', caHash: 'sha256:00' },
        ...{ label: ['a=b', 'c=d'], install: false },
      },
    ],
  ])
  assert.deepEqual((await parse('token create --ttl 30m')).asked, [['tokenCreate', { ttl: 1_800 }]])
  assert.deepEqual((await parse('token delete abcdef')).asked, [['tokenDelete', { on: 'abcdef' }]])
})

test('the command line refuses what it does not know, and says what it allows', async () => {
  const cases: [string, RegExp][] = [
    ['up --mastres 3', /unknown option '--mastres'.*\n?.*--masters/],
    ['up --masters 10', /whole number from 1 to 9/],
    ['up --runtime podman', /Allowed choices are auto, docker, sim/],
    ['master --name m1', /required option '--config <file>'/],
    ['status -o yaml', /Allowed choices are json, wide/],
    ['join m1 --token abcdef.0123456789abcdef --ca-hash x', /use HOST:PORT/],
    ['join m1:1 --token abc --ca-hash x', /six characters, a dot and sixteen more/],
    ['join m1:1 --token abcdef.0123456789abcdef', /required option '--ca-hash <hash>'/],
    ['token create --ttl 1', /a number and a unit/],
    ['completion fish', /use one of: bash, zsh/],
    ['explode', /unknown command 'explode'/],
  ]
  for (const [line, expected] of cases)
    await assert.rejects(
      parse(line),
      (error: unknown) => error instanceof CommanderError && expected.test(error.message),
      line,
    )
})

test('the completion script knows every command and flag', () => {
  const program = createProgram({} as Actions, () => {})
  const script = completionScript('bash', program)
  assert.match(
    script,
    /''\) words='up down status master worker join token .*demo.*completion.*--help'/,
  )
  assert.match(script, /'up'\) words='--file --masters --workers/)
  assert.match(script, /'demo'\) words='failover --help'/)
  assert.match(completionScript('zsh', program), /bashcompinit/)
})

test('a table pads all columns but the last and names what is empty', () => {
  const text = table(
    ['NAME', 'ROLE', 'PID'],
    [
      ['m1', 'leader', '12'],
      ['m2', '', '3'],
    ],
  )
  assert.equal(text, 'NAME   ROLE     PID\nm1     leader   12\nm2     <none>   3\n')
})
