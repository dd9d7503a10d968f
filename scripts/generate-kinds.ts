/**
 * Writes src/kinds/types.ts from the schema table. Run it after a change of src/kinds/schema:
 * `npm run -s build && node dist/scripts/generate-kinds.js`. A test holds types.ts to it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { typesSource } from '../src/kinds/schema/types-source.ts'

const path = join(process.cwd(), 'src/kinds/types.ts')
const source = typesSource()
const before = readFileSync(path, 'utf8')
if (before !== source) writeFileSync(path, source)
console.log(`${path}: ${before === source ? 'already current' : 'written'}`)
