import { existsSync, rmSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { type Put, Store } from '../../src/state/store.ts'
import { replaceMethod } from '../sim/plant.ts'

/**
 * Loaded into the processes of a cluster by NODE_OPTIONS: a master stores one value wrongly, as a bug or a
 * flipped bit would have it, once the file of its name is there.
 */
const trigger = process.env['KIJABI_TEST_DIVERGE']
const name = process.argv[process.argv.indexOf('--name') + 1]
const file = `${trigger}-${name}`

if (isMainThread && trigger !== undefined && process.argv.includes('master'))
  replaceMethod(
    Store.prototype,
    'put',
    (put) =>
      function (this: Store, wanted: Put, ...rest) {
        if (!existsSync(file)) return put.call(this, wanted, ...rest)
        rmSync(file)
        const value = Buffer.concat([wanted.value, Buffer.from(' ')])
        return put.call(this, { ...wanted, value }, ...rest)
      },
  )
