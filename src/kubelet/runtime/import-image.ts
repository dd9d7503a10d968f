import { Readable } from 'node:stream'
import Docker from 'dockerode'
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

export const pauseReference = 'kijabi/pause:1'

/** Imports the pause image unless the engine has it. */
export async function ensurePauseImage(docker: Docker): Promise<void> {
  const found = await docker
    .getImage(pauseReference)
    .inspect()
    .then(
      () => true,
      () => false,
    )
  if (found) return
  const content = pauseProgram(process.arch)
  if (!content)
    throw new RuntimeError('Invalid', `there is no pause program for ${process.arch}: use sim`)
  const files = [{ path: 'pause', mode: 0o755, content }]
  await importImage(docker, { reference: pauseReference, files, command: ['/pause'] })
}
