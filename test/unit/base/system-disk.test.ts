import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemDisk } from '../../../src/base/system-disk.ts'

test('the system disk writes through in place, and both ways of writing see one file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-disk-'))
  try {
    const file = await systemDisk.open(join(directory, 'log'), 'create')
    await file.write(0, [Buffer.from('0123'), Buffer.from('456789')])
    await file.writeThrough?.(2, Buffer.from('ab'))
    await file.write(4, [Buffer.from('c')])
    await file.writeThrough?.(8, Buffer.from('de'))
    assert.equal(Buffer.from(await file.read(0, 100)).toString(), '01abc567de')
    assert.equal(await file.size(), 10)
    await file.close()
  } finally {
    rmSync(directory, { recursive: true })
  }
})
