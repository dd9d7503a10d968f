import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { ManualClock } from '../../../src/base/clock.ts'
import type { ConfigMap, Pod, Volume } from '../../../src/kinds/types.ts'
import type { PodSurroundings } from '../../../src/kubelet/env.ts'
import { type MemoryMounts, tmpfsUnder } from '../../../src/kubelet/volumes/memory-mounts.ts'
import { safePath } from '../../../src/kubelet/volumes/volume-files.ts'
import { PodVolumes } from '../../../src/kubelet/volumes/volumes.ts'
import { containerOf, podOf } from './pods.ts'

const secretValue = Buffer.from('hush').toString('base64')

function surroundings(data: Record<string, string>): PodSurroundings {
  const configMap: ConfigMap = { metadata: {}, data }
  return {
    configMaps: new Map([['settings', configMap]]),
    secrets: new Map([['keys', { metadata: {}, data: { token: secretValue } }]]),
    nodeName: 'w1',
    hostIp: '127.0.0.1',
    podIp: undefined,
    allocatable: { cpuCores: 1, memoryBytes: 1 },
    serviceEnv: new Map(),
  }
}

async function withVolumes(
  volumes: Volume[],
  body: (pod: Pod, volumes: PodVolumes, directory: string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'volumes-'))
  try {
    const pod = podOf({ volumes })
    const all = new PodVolumes(directory, pod.metadata.uid ?? '', new ManualClock())
    await body(pod, all, join(directory, pod.metadata.uid ?? '', 'volumes'))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const token = () => 'a-token'

test('files of a ConfigMap change all at once; names that went away disappear', () =>
  withVolumes([{ name: 'config', configMap: { name: 'settings' } }], async (pod, volumes, at) => {
    await volumes.prepare(pod, surroundings({ a: '1', b: '2' }), token)
    const directory = join(at, 'config')
    const seen = () =>
      readdirSync(directory)
        .filter((name) => !name.startsWith('..'))
        .sort()
    assert.deepEqual(seen(), ['a', 'b'])
    assert.ok(lstatSync(join(directory, 'a')).isSymbolicLink())
    assert.equal(statSync(join(directory, 'a')).mode & 0o777, 0o644)
    await volumes.prepare(pod, surroundings({ a: 'new', c: '3' }), token)
    assert.deepEqual(seen(), ['a', 'c'])
    assert.equal(readFileSync(join(directory, 'a'), 'utf8'), 'new')
    const sets = readdirSync(directory).filter((name) => name.startsWith('..'))
    assert.equal(sets.length, 2, `${sets} are the link and one set of files`)
  }))

test('a volume that is brought up to date by two at once has the files of the last one', () =>
  withVolumes([{ name: 'config', configMap: { name: 'settings' } }], async (pod, volumes, at) => {
    const values = Array.from({ length: 8 }, (_, count) => String(count))
    await Promise.all(values.map((a) => volumes.prepare(pod, surroundings({ a }), token)))
    assert.equal(readFileSync(join(at, 'config', 'a'), 'utf8'), '7')
    const sets = readdirSync(join(at, 'config')).filter((name) => name.startsWith('..'))
    assert.equal(sets.length, 2, `${sets} are the link and one set of files`)
  }))

test('a volume that was still to be written when its pod was removed leaves nothing', () =>
  withVolumes([{ name: 'config', configMap: { name: 'settings' } }], async (pod, volumes, at) => {
    const early = volumes.prepare(pod, surroundings({ a: '1' }), token)
    const removed = volumes.remove()
    const late = volumes.prepare(pod, surroundings({ a: '2' }), token)
    await Promise.all([early, removed, assert.rejects(late, /were removed/)])
    assert.equal(existsSync(join(at, '..')), false)
  }))

test('items, modes, projections and the downward API', () => {
  const volumes: Volume[] = [
    {
      name: 'secret',
      secret: { secretName: 'keys', items: [{ key: 'token', path: 'deep/pw', mode: 0o400 }] },
    },
    {
      name: 'all',
      projected: {
        sources: [
          { configMap: { name: 'settings' } },
          { secret: { name: 'absent', optional: true } },
          { downwardAPI: { items: [{ path: 'me', fieldRef: { fieldPath: 'metadata.name' } }] } },
          { serviceAccountToken: { path: 'token' } },
        ],
      },
    },
  ]
  return withVolumes(volumes, async (pod, all, at) => {
    await all.prepare(pod, surroundings({ a: '1' }), token)
    const file = join(at, 'secret', 'deep', 'pw')
    assert.equal(readFileSync(file, 'utf8'), 'hush')
    assert.equal(statSync(file).mode & 0o777, 0o400)
    const names = readdirSync(join(at, 'all')).filter((name) => !name.startsWith('..'))
    assert.deepEqual(names.sort(), ['a', 'me', 'token'])
    assert.equal(readFileSync(join(at, 'all', 'me'), 'utf8'), 'web')
  })
})

test('what is missing is an error, unless it is optional', () =>
  withVolumes([{ name: 'config', configMap: { name: 'absent' } }], async (pod, volumes) => {
    await assert.rejects(volumes.prepare(pod, surroundings({}), token), {
      name: 'VolumeError',
      message: 'configmap "absent" not found',
    })
  }))

test('no path leaves its volume', () => {
  for (const path of ['../x', 'a/../../x', '/etc/passwd', 'a//b', '..data', './a', '', 'a\0b'])
    assert.throws(() => safePath(path), { name: 'VolumeError' }, JSON.stringify(path))
  assert.equal(safePath('a/b.c'), 'a/b.c')
  assert.throws(() => new PodVolumes('/tmp', '../other', new ManualClock()))
  return withVolumes([{ name: 'data', emptyDir: {} }], async (pod, volumes, at) => {
    await volumes.prepare(pod, surroundings({}), token)
    symlinkSync('/etc', join(at, 'data', 'out'))
    mkdirSync(join(at, 'data', 'in'))
    const mounts = (subPath: string) =>
      volumes.mounts(
        pod,
        containerOf('main', { volumeMounts: [{ name: 'data', mountPath: '/d', subPath }] }),
        0,
        new Map([['NAME', 'in']]),
        { hosts: undefined, resolver: undefined },
      )
    for (const subPath of ['out', 'out/passwd', 'out/new', '../config', '/etc'])
      await assert.rejects(mounts(subPath), { name: 'VolumeError' }, subPath)
    assert.equal(existsSync('/etc/new'), false)
    const [mount] = await mounts('in')
    assert.ok(mount?.hostPath.endsWith('/data/in'))
    assert.equal(statSync(join(at, 'data')).mode & 0o777, 0o777)
  })
})

test('host paths are checked by their type', () =>
  withVolumes([], async (pod, volumes) => {
    const directory = mkdtempSync(join(tmpdir(), 'host-'))
    const prepare = (path: string, type: string) =>
      volumes.prepare(
        { ...pod, spec: { containers: [], volumes: [{ name: 'host', hostPath: { path, type } }] } },
        surroundings({}),
        token,
      )
    await prepare(join(directory, 'made'), 'DirectoryOrCreate')
    assert.ok(statSync(join(directory, 'made')).isDirectory())
    await prepare(join(directory, 'file'), 'FileOrCreate')
    await assert.rejects(prepare(join(directory, 'file'), 'Directory'), /is not a Directory/)
    await assert.rejects(prepare(join(directory, 'absent'), 'File'), /is not a File/)
    await assert.rejects(prepare('relative', ''), /must be absolute/)
    rmSync(directory, { recursive: true })
  }))

test('a volume in memory is mounted with its size, and unmounted before its directory goes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-memory-'))
  const done: string[] = []
  const memory: MemoryMounts = {
    mount: async (path, bytesMax) => void done.push(`mount ${basename(path)} ${bytesMax}`),
    unmountUnder: async (path) => {
      assert.ok(existsSync(path))
      done.push(`unmount ${basename(path)}`)
    },
  }
  const volumes = [
    { name: 'small', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    { name: 'free', emptyDir: { medium: 'Memory' } },
    { name: 'disk', emptyDir: {} },
  ]
  const pod = podOf({ volumes })
  const all = new PodVolumes(directory, pod.metadata.uid ?? '', new ManualClock(), memory)
  await all.prepare(pod, surroundings({}), () => '')
  assert.deepEqual(done, ['mount small 1048576', 'mount free undefined'])
  await all.remove()
  assert.equal(done.at(-1), `unmount ${pod.metadata.uid}`)
  assert.deepEqual(readdirSync(directory), [])
  rmSync(directory, { recursive: true })
})

test('mounts of memory under a directory, as the kernel lists them', () => {
  const mountinfo = [
    '36 35 98:0 / /data rw,noatime master:1 - ext3 /dev/root rw',
    '40 36 0:50 / /data/pods/u/volumes/a rw shared:2 - tmpfs tmpfs rw,size=4k',
    '41 36 0:51 / /data/pods/u/volumes/odd\\040name rw - tmpfs tmpfs rw',
    '42 36 0:52 / /data/pods/u/volumes/b rw - ext4 /dev/sdb rw',
    '43 36 0:53 / /data/pods-of-others rw - tmpfs tmpfs rw',
    '',
  ].join('\n')
  assert.deepEqual(tmpfsUnder(mountinfo, '/data/pods'), [
    '/data/pods/u/volumes/a',
    '/data/pods/u/volumes/odd name',
  ])
})
