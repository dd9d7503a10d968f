import { engineAnswers } from '../../src/boot/docker-engine.ts'

/** The socket of the engine that tests may use, or undefined when none answers. */
export async function dockerSocket(): Promise<string | undefined> {
  const named = process.env['DOCKER_HOST']
  const socket = named?.startsWith('unix://')
    ? named.slice('unix://'.length)
    : '/var/run/docker.sock'
  return (await engineAnswers(socket)) ? socket : undefined
}
