import { randomInt } from 'node:crypto'
import { systemClock } from '../../base/clock.ts'
import { isStatus } from '../../base/status.ts'
import { table } from '../../cli/print/table.ts'
import type { DirectoryFlag, OutputFlag, TokenCreateFlags } from '../../cli/program.ts'
import { secrets } from '../../client/resources.ts'
import type { Client } from '../../client/typed.ts'
import type { Secret } from '../../kinds/types.ts'
import { adminClient } from '../admin-client.ts'
import { ClusterDirectory } from '../config/cluster-directory.ts'
import { ConfigError } from '../config/config-error.ts'
import { configOf } from '../up.ts'
import { authorityPin } from './authority-pin.ts'

const namespace = 'kube-system'
const type = 'bootstrap.kubernetes.io/token'
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'
const [idLength, secretLength] = [6, 16]

/** `kijabi token create`: a bootstrap token, and the command with which another host joins by it. */
export async function tokenCreate(flags: TokenCreateFlags): Promise<number> {
  return asAdministrator(flags, async ({ client, directory }) => {
    const { apiAddress, masters } = directory.readCluster()
    const [id, secret] = [random(idLength), random(secretLength)]
    const expires = new Date(systemClock.wallMs() + flags.ttl * 1_000).toISOString()
    await secrets(client).create(namespace, tokenSecret(id, secret, expires, flags.description))
    const caHash = authorityPin(directory.readCertificate('ca') ?? '')
    const token = `${id}.${secret}`
    const address = masters[0]?.apiAddress ?? apiAddress
    const command = `kijabi join ${address} --token ${token} --ca-hash ${caHash}`
    if (flags.output === 'json') print(JSON.stringify({ token, caHash, expires, command }))
    else print(command)
  })
}

/** `kijabi token list`: never the secret halves. */
export async function tokenList(flags: DirectoryFlag & OutputFlag): Promise<number> {
  return asAdministrator(flags, async ({ client }) => {
    const fieldSelector = `type=${type}`
    const { items } = await secrets(client).list({ namespace, fieldSelector })
    const tokens = items.map((secret) => ({
      id: field(secret, 'token-id'),
      expires: field(secret, 'expiration') || 'never',
      description: field(secret, 'description'),
    }))
    if (flags.output === 'json') return print(JSON.stringify({ tokens }))
    const rows = tokens.map(({ id, expires, description }) => [id, expires, description])
    process.stdout.write(table(['TOKEN', 'EXPIRES', 'DESCRIPTION'], rows))
  })
}

/** `kijabi token delete`: whoever has joined with it stays. */
export async function tokenDelete(given: string, flags: DirectoryFlag): Promise<number> {
  return asAdministrator(flags, async ({ client }) => {
    const id = given.split('.')[0] ?? ''
    try {
      await secrets(client).delete(namespace, secretName(id))
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
      throw new ConfigError(`there is no token ${id}`, 'see which there are: kijabi token list')
    }
    print(`token ${id} deleted`)
  })
}

/** As Kubernetes has bootstrap tokens (plugin/pkg/auth/authenticator/token/bootstrap). */
function tokenSecret(id: string, secret: string, expires: string, description = ''): Secret {
  return {
    metadata: { name: secretName(id), namespace },
    type,
    stringData: {
      ...{ 'token-id': id, 'token-secret': secret, expiration: expires },
      'usage-bootstrap-authentication': 'true',
      ...(description === '' ? {} : { description }),
    },
  }
}

function secretName(id: string): string {
  return `bootstrap-token-${id}`
}

function random(length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
}

function field({ data }: Secret, name: string): string {
  return Buffer.from(data?.[name] ?? '', 'base64').toString('utf8')
}

async function asAdministrator(
  flags: DirectoryFlag,
  work: (parts: { client: Client; directory: ClusterDirectory }) => Promise<void>,
): Promise<number> {
  const directory = new ClusterDirectory(flags.dataDir ?? configOf(undefined).dataDirectory)
  const { client, close } = adminClient(directory, directory.readCluster().apiAddress)
  try {
    await work({ client, directory })
    return 0
  } finally {
    close()
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
