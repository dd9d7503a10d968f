import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock as clock } from '../../../base/clock.ts'
import { systemRandom as random } from '../../../base/random.ts'
import { createClient } from '../../../client/client.ts'
import {
  createHttpsTransport,
  type HttpsTransportOptions,
} from '../../../client/https-transport.ts'
import type { Client } from '../../../client/typed.ts'
import { signers } from '../../../kinds/certificates/signers.ts'
import { currentPair, type KeyPair } from '../../../kubelet/certificates/key-pair.ts'
import type { CertificateWish } from '../../../kubelet/certificates/obtain.ts'
import { firstCertificate, rotateCertificate } from '../../../kubelet/certificates/rotation.ts'
import {
  kubeletHosts,
  type ResolvedWorker,
  writeAtomically,
} from '../../config/cluster-directory.ts'
import { identityOf, type MemberProcess } from '../member.ts'

/**
 * The certificates of a node's kubelet. `up` gives a worker of its host a pair, good for both purposes; one
 * that has none asks for a first one with the bootstrap token. Either is renewed by CertificateSigningRequest
 * before it ends, and what was signed is kept with the worker's data.
 */
export interface NodeCertificates {
  /** The API, as this node, with whatever certificate is in use. */
  readonly client: Client
  /** To serve with; undefined until one is signed. */
  serving(): KeyPair | undefined
  /** Renews both until the worker ends; `onServing` is told every new one to serve with. */
  keepFresh(onServing: (pair: KeyPair) => void): void
}

export async function openNodeCertificates(
  member: MemberProcess,
  self: ResolvedWorker,
): Promise<NodeCertificates> {
  const { authority, directory, logger, scope } = member
  const [clientWish, servingWish] = wishesOf(self)
  const given = directory.readPair(self.name)
  const place = directory.path('workers', self.name, 'pki')
  await mkdir(place, { recursive: true, mode: 0o700 })
  const files = { client: join(place, 'client.pem'), serving: join(place, 'serving.pem') }
  const usable = (file: string) => currentPair([readKept(file), given], authority, clock.wallMs())
  let shown = usable(files.client) ?? (await joinWithToken(member, clientWish, files.client))
  let serving = usable(files.serving)
  const client = apiClient(member, {
    ca: authority,
    get certificate() {
      return shown.certificate
    },
    get privateKey() {
      return shown.privateKey
    },
  })
  return {
    client,
    serving: () => serving,
    keepFresh(onServing) {
      const renewClient = (pair: KeyPair) => {
        keep(files.client, pair)
        shown = pair
      }
      const renewServing = (pair: KeyPair) => {
        keep(files.serving, pair)
        serving = pair
        onServing(pair)
      }
      const both = { client, clock, random, logger }
      rotateCertificate(
        { ...both, wish: clientWish, current: () => shown, renewed: renewClient },
        scope,
      )
      rotateCertificate(
        { ...both, wish: servingWish, current: () => serving, renewed: renewServing },
        scope,
      )
    },
  }
}

function wishesOf(self: ResolvedWorker): [client: CertificateWish, serving: CertificateWish] {
  const nodeName = self.name
  return [
    {
      ...{ signerName: signers.kubeletClient, nodeName, hosts: [] },
      usages: ['digital signature', 'client auth'],
    },
    {
      ...{ signerName: signers.kubeletServing, nodeName, hosts: kubeletHosts(self) },
      usages: ['digital signature', 'server auth'],
    },
  ]
}

/** Asks as who holds the bootstrap token. Throws ConfigError when there is neither pair nor token. */
async function joinWithToken(
  member: MemberProcess,
  wish: CertificateWish,
  keptIn: string,
): Promise<KeyPair> {
  const { authority, directory, logger, scope } = member
  const file = directory.bootstrapTokenFile
  // No pair and no token: the error names the pair, which is what `up` makes.
  if (!existsSync(file)) return identityOf(directory, member.name)
  const token = readFileSync(file, 'utf8').trim()
  const client = apiClient(member, { ca: authority, token })
  logger.info({ file }, 'no certificate yet: asking for one with the bootstrap token')
  const pair = await firstCertificate({ client, wish, clock, random, logger }, scope.signal)
  keep(keptIn, pair)
  return pair
}

/** The API through any master that answers. */
function apiClient(member: MemberProcess, tls: HttpsTransportOptions['tls']): Client {
  const { cluster, scope } = member
  const transport = createHttpsTransport({
    addresses: cluster.masters.map((master) => master.apiAddress),
    tls,
    clock,
  })
  scope.onClose('connections to the API', () => transport.close())
  return createClient(transport, { userAgent: `kijabi-worker/${member.name}` })
}

/** Certificate and key in one file, so that they change together, as kubelet-client-current.pem does. */
function keep(file: string, { certificate, privateKey }: KeyPair): void {
  writeAtomically(file, `${certificate.trim()}\n${privateKey.trim()}\n`, 0o600)
}

function readKept(file: string): KeyPair | undefined {
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  const keyAt = text.indexOf('-----BEGIN PRIVATE KEY-----')
  if (keyAt < 0) return undefined
  return { certificate: text.slice(0, keyAt), privateKey: text.slice(keyAt) }
}
