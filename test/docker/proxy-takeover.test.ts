import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import { systemRandom } from '../../src/base/random.ts'
import { Ownership } from '../../src/proxy/dataplane/owner.ts'

const module = resolve(import.meta.dirname, '../../src/proxy/dataplane/owner.js')
const clockModule = resolve(import.meta.dirname, '../../src/base/clock.js')

/** A process that owns a name until it is killed. */
async function owner(name: string) {
  const script = `
    const { Ownership } = await import(${JSON.stringify(pathToFileURL(module).href)})
    const { systemClock } = await import(${JSON.stringify(pathToFileURL(clockModule).href)})
    new Ownership({
      name: ${JSON.stringify(name)}, nodeName: 'w1', clock: systemClock, logger: console,
      owned() {}, nodesChanged: (nodes) => console.log([...nodes].join(' ')),
    }).start()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.setEncoding('utf8')
  await once(child.stdout, 'data')
  return child
}

const takeoverMsMax = 500

test('a stand-by takes over within half a second of the kill -9 of its owner', async () => {
  // A busy machine makes one of them late, a stand-by that is slow all of them.
  const tookMs: number[] = []
  while (tookMs.length < 3 && !tookMs.some((one) => one < takeoverMsMax))
    tookMs.push(await takeover())
  assert.ok(Math.min(...tookMs) < takeoverMsMax, `took ${tookMs.join(', ')} ms`)
})

/** How long a name is without an owner after the end of the one that has it. */
async function takeover(): Promise<number> {
  const name = `kijabi-test-${systemRandom.uuid()}`
  const child = await owner(name)
  let takenMs = 0
  let standby: Ownership | undefined
  const taken = new Promise<void>((done) => {
    standby = new Ownership({
      name,
      nodeName: 'w2',
      clock: systemClock,
      logger: silentLogger,
      owned() {
        takenMs = systemClock.monotonicMs()
        done()
      },
      nodesChanged() {},
    })
  })
  standby?.start()
  await once(child.stdout, 'data')
  const killedMs = systemClock.monotonicMs()
  child.kill('SIGKILL')
  await taken
  await standby?.stop()
  return takenMs - killedMs
}
