import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { portIsFree } from '../../src/boot/config/ports.ts'
import { stopProcess, untilGone } from '../../src/boot/process-record.ts'

/** As masters are: several threads, and memory whose return takes its time. */
const program = `
  const { Worker } = require('node:worker_threads')
  const filled = (bytes) => Buffer.alloc(bytes, 1)
  const kept = filled(100 * 2 ** 20)
  for (let at = 0; at < 3; at += 1)
    new Worker('const kept = Buffer.alloc(50 * 2 ** 20, 1); setInterval(() => kept, 1e6)', { eval: true })
  const server = require('node:net').createServer().listen(0, '127.0.0.1', () => {
    setTimeout(() => console.log(server.address().port, kept.length), 300)
  })`

for (const [what, end] of [
  ['stopped', (pid: number) => stopProcess(pid, 'worker_threads', 10_000, systemClock)],
  ['killed', (pid: number) => untilGone(pid, 'worker_threads', systemClock)],
] as const)
  test(`a process that was ${what} is not gone before its port is free`, async () => {
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(process.execPath, ['-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [said] = (await once(child.stdout, 'data')) as [Buffer]
      if (what === 'killed') child.kill('SIGKILL')
      await end(child.pid ?? 0)
      const port = Number.parseInt(said.toString(), 10)
      assert.equal(await portIsFree('127.0.0.1', port), true)
    }
  })
