import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { portIsFree } from '../../../src/boot/config/ports.ts'
import { webProgram } from '../../../src/boot/demo/web-program.ts'

test('the demo program answers HTTP with its host name and ends on SIGTERM', async (context) => {
  if (process.arch !== 'x64' || process.platform !== 'linux')
    return context.skip('the program is x86-64 Linux code')
  if (!(await portIsFree('0.0.0.0', 8080))) return context.skip('port 8080 is in use')
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-web-'))
  const file = join(directory, 'web')
  writeFileSync(file, webProgram(), { mode: 0o755 })
  const program = spawn(file, { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const failed = once(program, 'exit').then(([code]) => assert.fail(`it ended with ${code}`))
    const [banner] = (await Promise.race([once(program.stdout, 'data'), failed])) as [Buffer]
    assert.equal(banner.toString(), 'listening on :8080\n')
    const answer = await fetch('http://127.0.0.1:8080/some/path')
    assert.equal(answer.status, 200)
    assert.equal(await answer.text(), `${hostname()}\n`)
    const ended = once(program, 'exit')
    program.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  } finally {
    program.kill('SIGKILL')
    rmSync(directory, { recursive: true })
  }
})
