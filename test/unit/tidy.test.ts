import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { test } from 'node:test'

/** The house rules that a linter does not know, as tests: layout, arrows, sizes, names. */
const root = findRoot(import.meta.dirname)
const source = join(root, 'src')

/** Which folders of src a folder may import, as DESIGN.md draws them; its own is always allowed. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  base: [],
  kinds: ['base'],
  'raft/core': ['base'],
  raft: ['base'],
  state: ['kinds', 'base'],
  client: ['kinds', 'base'],
  api: ['state', 'kinds', 'client', 'base', 'raft/replica.ts'],
  controllers: ['client', 'kinds', 'base'],
  scheduler: ['client', 'kinds', 'base'],
  kubelet: ['client', 'kinds', 'base'],
  proxy: ['client', 'kinds', 'base'],
  cli: ['client', 'kinds', 'base'],
  dashboard: ['client', 'base'],
  boot: ['*'],
}

/** Only these files may import these libraries: one place per effect. */
const soleImporters: Readonly<Record<string, RegExp>> = {
  koa: /^api\/server\.ts$/,
  '@koa/router': /^api\/server\.ts$/,
  dockerode: /^kubelet\/runtime\//,
  '@grpc/grpc-js': /^api\/etcd/,
  commander: /^(cli\/|boot\/main\.ts$)/,
}

const linesMax = 600
const columnsMax = 110
const filesPerFolderMax = 20
const forbiddenNames = /^(utils?|common|helpers?|manager|misc)(\.ts)?$/

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.split(sep).join('/'))
  .sort()

test('src folders import only what the design allows', () => {
  const broken: string[] = []
  for (const file of files) {
    const from = folderOf(file)
    const allowed = arrows[from]
    assert.ok(allowed, `src/${from} is not in the design`)
    for (const specifier of imports(file)) {
      if (!specifier.startsWith('.')) continue
      const target = relative(source, resolve(source, dirname(file), specifier))
        .split(sep)
        .join('/')
      const to = folderOf(target)
      const inside = to === from || (from === 'raft' && to === 'raft/core')
      if (inside || allowed.includes('*') || allowed.includes(to) || allowed.includes(target))
        continue
      broken.push(`${file} imports ${target}`)
    }
  }
  assert.deepEqual(broken, [])
})

test('libraries with effects are imported in one place', () => {
  const broken: string[] = []
  for (const file of files)
    for (const specifier of imports(file)) {
      const place = soleImporters[specifier]
      if (place && !place.test(file)) broken.push(`${file} imports ${specifier}`)
    }
  assert.deepEqual(broken, [])
})

test('imports make no circle', () => {
  const graph = new Map(
    files.map((file) => [
      file,
      imports(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) =>
          relative(source, resolve(source, dirname(file), specifier))
            .split(sep)
            .join('/'),
        ),
    ]),
  )
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (done.has(file)) return
    assert.ok(!path.includes(file), `circle: ${[...path, file].join(' -> ')}`)
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
})

test('source files are of a size that one can read', () => {
  const long = files
    .map((file) => ({ file, lines: text(file).split('\n') }))
    .flatMap(({ file, lines }) => [
      ...(lines.length > linesMax && !isData(file) ? [`${file}: ${lines.length} lines`] : []),
      ...lines.flatMap((line, index) =>
        line.length > columnsMax && !isData(file) && !/['"`/]/.test(line)
          ? [`${file}:${index + 1}: ${line.length} columns`]
          : [],
      ),
    ])
  assert.deepEqual(long, [])
})

test('names say what is inside', () => {
  const bad = files.flatMap((file) => file.split('/').filter((part) => forbiddenNames.test(part)))
  assert.deepEqual(bad, [])
  for (const file of files) assert.match(file, /^[a-z0-9/.-]+$/, 'file names are kebab-case')
})

test('folders have a README and not too many files', () => {
  const folders = new Set(files.map((file) => dirname(file)))
  const missing = [...folders]
    .filter((folder) => !folder.includes('/') || arrows[folder])
    .filter((folder) => !existsSync(join(source, folder, 'README.md')))
  assert.deepEqual(missing, [], 'src folders without README.md')
  const crowded = [...folders]
    .map((folder) => [folder, files.filter((file) => dirname(file) === folder).length] as const)
    .filter(([, count]) => count > filesPerFolderMax)
  assert.deepEqual(crowded, [])
})

test('docs name only files that exist', () => {
  for (const page of ['README.md', 'docs/life-of-an-apply.md', 'docs/nomenclature.md']) {
    if (!existsSync(join(root, page))) continue
    const named = readFileSync(join(root, page), 'utf8').matchAll(
      /`((?:src|test|docs|bench|scripts|examples)\/[\w./-]+)`/g,
    )
    for (const [, path] of named)
      assert.ok(existsSync(join(root, path ?? '')), `${page} names ${path}, which does not exist`)
  }
})

function isData(file: string): boolean {
  return file === 'kinds/types.ts' || file.startsWith('kinds/schema/')
}

function folderOf(file: string): string {
  return file.startsWith('raft/core/') ? 'raft/core' : (file.split('/')[0] ?? '')
}

/** Specifiers of static and dynamic imports; types included, because arrows are about knowledge. */
function imports(file: string): string[] {
  const found = text(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)
  return [...found].map((match) => match[1] ?? '')
}

function text(file: string): string {
  return readFileSync(join(source, file), 'utf8')
}

function findRoot(start: string): string {
  let directory = start
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory)
  return directory
}
