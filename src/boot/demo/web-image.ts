import { ensureImage } from '../../kubelet/runtime/import-image.ts'
import { webProgram } from './web-program.ts'

/** Reference of the image that the demo and examples/web.yaml run. */
export const webImage = 'kijabi/web:1'
export const webPort = 8080

/** Makes the image in the engine, unless it is there. */
export async function importWebImage(socketPath: string): Promise<void> {
  await ensureImage(socketPath, {
    reference: webImage,
    files: [{ path: 'web', mode: 0o755, content: webProgram() }],
    command: ['/web'],
    exposedPorts: [webPort],
  })
}
