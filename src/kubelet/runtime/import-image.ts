import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import Docker from 'dockerode'
import { engineError, statusCodeOf } from './docker/error.ts'
import { pauseProgram } from './pause-program.ts'
import { RuntimeError } from './runtime.ts'
import { type ArchiveFile, tarArchive } from './tar.ts'

export interface ImageContent {
  /** Name and tag: `kijabi/demo:1`. */
  readonly reference: string
  readonly files: readonly ArchiveFile[]
  /** Entry point; containers may replace it. */
  readonly command: readonly string[]
  readonly exposedPorts?: readonly number[]
}

/** Makes an image from files, without a registry. An image of the same name is replaced. */
export async function importImage(engine: string | Docker, image: ImageContent): Promise<void> {
  const docker = typeof engine === 'string' ? new Docker({ socketPath: engine }) : engine
  const at = image.reference.lastIndexOf(':')
  const changes = [
    `ENTRYPOINT ${JSON.stringify(image.command)}`,
    ...(image.exposedPorts ?? []).map((port) => `EXPOSE ${port}`),
    `LABEL ${contentLabel}=${contentDigest(image)}`,
  ]
  const stream = await docker.importImage(Readable.from([tarArchive(image.files)]), {
    repo: image.reference.slice(0, at),
    tag: image.reference.slice(at + 1),
    changes,
  })
  let last = ''
  for await (const chunk of stream) last = String(chunk).trim()
  if (last.includes('"error"')) throw new RuntimeError('Invalid', `import failed: ${last}`)
}

/**
 * Makes an image unless the engine has it with the same content: importing again would leave the old one
 * without a name. One of the same name and other content is replaced.
 */
export async function ensureImage(engine: string | Docker, image: ImageContent): Promise<void> {
  const docker = typeof engine === 'string' ? new Docker({ socketPath: engine }) : engine
  try {
    const { Config } = await docker.getImage(image.reference).inspect()
    if (Config.Labels?.[contentLabel] === contentDigest(image)) return
  } catch (error) {
    if (statusCodeOf(error) !== 404) throw engineError(error, 'Unavailable')
  }
  await importImage(docker, image)
}

const contentLabel = 'kijabi.content'

function contentDigest({ command, exposedPorts, files }: ImageContent): string {
  const hash = createHash('sha256').update(JSON.stringify([command, exposedPorts ?? []]))
  for (const { path, mode, content, linkTo } of files) {
    const bytes = Buffer.from(content)
    hash.update(JSON.stringify([path, mode, linkTo ?? '', bytes.length])).update(bytes)
  }
  return hash.digest('hex').slice(0, 32)
}

export const pauseReference = 'kijabi/pause:1'

/** Imports the pause image unless the engine has it. */
export async function ensurePauseImage(docker: Docker): Promise<void> {
  const content = pauseProgram(process.arch)
  if (!content)
    throw new RuntimeError('Invalid', `there is no pause program for ${process.arch}: use sim`)
  const files = [{ path: 'pause', mode: 0o755, content }]
  await ensureImage(docker, { reference: pauseReference, files, command: ['/pause'] })
}
