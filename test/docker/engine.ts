import { existsSync, readFileSync } from 'node:fs'
import { engineAnswers } from '../../src/boot/docker-engine.ts'
import { importImage } from '../../src/kubelet/runtime/import-image.ts'

/** The engine that tests of containers use: DOCKER_HOST, or the usual socket. */
export const engineSocket =
  process.env['DOCKER_HOST']?.replace(/^unix:\/\//, '') || '/var/run/docker.sock'

/** Why tests of containers cannot run here; false when they can. */
export async function engineMissing(): Promise<string | false> {
  if (!existsSync('/bin/busybox')) return 'no /bin/busybox to make an image of (busybox-static)'
  if (await engineAnswers(engineSocket)) return false
  return `no Docker engine answers at ${engineSocket} (DOCKER_HOST names another)`
}

export const testImage = 'kijabi/test-busybox:1'
const applets =
  'sh echo cat sleep env true false hostname httpd nslookup id ls wget nc stty touch rm stat kill tar ps wc grep'.split(
    ' ',
  )

/** A small image with a shell, made of the host's busybox. */
export function importTestImage(): Promise<void> {
  return importImage(engineSocket, {
    reference: testImage,
    command: ['/bin/sh'],
    files: [
      { path: 'bin/busybox', mode: 0o755, content: readFileSync('/bin/busybox') },
      ...applets.map((name) => ({
        path: `bin/${name}`,
        mode: 0o777,
        content: '',
        linkTo: 'busybox',
      })),
      { path: 'tmp/', mode: 0o1777, content: '' },
      { path: 'www/index.html', mode: 0o644, content: 'served\n' },
    ],
  })
}
