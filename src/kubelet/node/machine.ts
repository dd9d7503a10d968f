import { readFile, statfs } from 'node:fs/promises'
import { arch, cpus, hostname, release, totalmem, uptime } from 'node:os'
import type { Machine } from './node-status.ts'

/** Reads this host. `diskPath` names the file system that pods' files lie on. */
export async function readMachine(diskPath: string): Promise<Machine> {
  const [meminfo, loadavg, pidMax, osRelease, bootId, machineId, disk] = await Promise.all([
    text('/proc/meminfo'),
    text('/proc/loadavg'),
    text('/proc/sys/kernel/pid_max'),
    text('/etc/os-release'),
    text('/proc/sys/kernel/random/boot_id'),
    text('/etc/machine-id'),
    statfs(diskPath),
  ])
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1]
  return {
    cpuCores: cpus().length,
    memoryBytes: totalmem(),
    memoryAvailableBytes: available === undefined ? totalmem() : Number(available) * 1024,
    diskBytes: disk.blocks * disk.bsize,
    diskAvailableBytes: disk.bavail * disk.bsize,
    processes: Number(/\/(\d+)/.exec(loadavg)?.[1] ?? 0),
    processesMax: Number(pidMax) || Number.POSITIVE_INFINITY,
    hostname: hostname(),
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? 'Linux',
    bootId: bootId.trim(),
    machineId: machineId.trim(),
  }
}

const secondsPerMs = 1 / 1_000

/** Seconds that all cores together have worked since the boot, and when that was. */
export function readCpu(wallMs: number): { readonly cpuSeconds: number; readonly bootMs: number } {
  const worked = cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq)
  const cpuSeconds = worked.reduce((sum, ms) => sum + ms, 0) * secondsPerMs
  return { cpuSeconds, bootMs: wallMs - uptime() * 1_000 }
}

/** A file that other systems lack says nothing. */
function text(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
