/**
 * `npm run bench -- NAME [--json] [options]`: each benchmark prints figures, and ratios of one run
 * where it has a reference to compare with. `npm run bench` lists the names.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

interface Benchmark {
  run(args: readonly string[]): Promise<object>
}

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.js') && file !== 'main.js')
  .map((file) => file.slice(0, -3))
const [name, ...rest] = process.argv.slice(2)
const json = rest.includes('--json')

if (!name || !existsSync(join(import.meta.dirname, `${name}.js`))) {
  process.stderr.write(`usage: npm run bench -- NAME [--json]\nnames: ${names.join(', ')}\n`)
  process.exitCode = 1
} else {
  const benchmark = (await import(join(import.meta.dirname, `${name}.js`))) as Benchmark
  const figures = await benchmark.run(rest.filter((one) => one !== '--json'))
  if (json) process.stdout.write(`${JSON.stringify(figures)}\n`)
  else console.dir(figures, { depth: 6 })
}
