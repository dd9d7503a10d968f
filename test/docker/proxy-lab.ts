import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type RunProgram, runProgram } from '../../src/proxy/dataplane/program.ts'

/**
 * A host with pods, built of network namespaces: a bridge 10.88.0.1/24 with pods on it, and a client
 * outside on 192.0.2.0/24. Nothing of this machine's own network is touched.
 */
export class NetworkLab {
  readonly #prefix = `kj${process.pid.toString(36)}`
  readonly #namespaces: string[] = []
  readonly #servers: ChildProcess[] = []

  /** Why the lab cannot be built here; false when it can. A value for node:test's `skip`. */
  static missing(): string | false {
    if (process.getuid?.() !== 0) return 'needs root'
    try {
      sh('nft --version && ip -V && conntrack --version && busybox true')
      return false
    } catch {
      return 'needs nft, ip, conntrack and busybox'
    }
  }

  /** Builds the host (`h`), the outside client (`c`, 192.0.2.2) and pods (`p1` is 10.88.0.11, …). */
  build(podCount: number): void {
    const host = this.#namespace('h')
    inside(host, 'ip link set lo up && ip link add br0 type bridge && ip link set br0 up')
    inside(host, 'ip addr add 10.88.0.1/24 dev br0 && echo 1 > /proc/sys/net/ipv4/ip_forward')
    this.#attach('c', '192.0.2.2/24', '192.0.2.1', undefined)
    inside(host, 'ip route add default via 192.0.2.2')
    for (let pod = 1; pod <= podCount; pod++)
      this.#attach(`p${pod}`, `10.88.0.${10 + pod}/24`, '10.88.0.1', 'br0')
  }

  /** Runs programs in a namespace of the lab. */
  runIn(name: string): RunProgram {
    const path = `/run/netns/${this.#prefix}${name}`
    return (program, args, input) =>
      runProgram('nsenter', [`--net=${path}`, program, ...args], input)
  }

  /** Begins to answer on a port with `text` and the address of the client. */
  async serve(name: string, port: number, text: string): Promise<void> {
    const script =
      `require('node:net').createServer((s) => { s.on('error', () => {}); ` +
      `s.end(${JSON.stringify(text)} + ' ' + s.remoteAddress) })` +
      `.listen(${port}, '0.0.0.0', () => console.log('ready'))`
    const path = `/run/netns/${this.#prefix}${name}`
    const child = spawn('nsenter', [`--net=${path}`, process.execPath, '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#servers.push(child)
    if (child.stdout) await once(child.stdout, 'data')
  }

  /** What a server answers to a namespace that connects; rejects when it cannot connect. */
  async ask(from: string, ip: string, port: number): Promise<string> {
    const args = ['nc', '-w', '3', ip, String(port)]
    return (await this.runIn(from)('busybox', args, '')).trim()
  }

  async remove(): Promise<void> {
    for (const child of this.#servers) {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    for (const namespace of this.#namespaces.reverse()) sh(`ip netns del ${namespace}`)
  }

  #namespace(name: string): string {
    const whole = `${this.#prefix}${name}`
    sh(`ip netns add ${whole}`)
    this.#namespaces.push(whole)
    return whole
  }

  /** A veth pair between the host and a new namespace, on the bridge or with the gateway's address. */
  #attach(name: string, address: string, gateway: string, bridge: string | undefined): void {
    const host = `${this.#prefix}h`
    const namespace = this.#namespace(name)
    sh(`ip -n ${host} link add v-${name} type veth peer name eth0 netns ${namespace}`)
    sh(`ip -n ${host} link set v-${name} up`)
    // Hairpin: a pod that reaches itself through a service leaves by the port it came from.
    if (bridge) {
      sh(`ip -n ${host} link set v-${name} master ${bridge}`)
      inside(host, `bridge link set dev v-${name} hairpin on`)
    } else sh(`ip -n ${host} addr add ${gateway}/24 dev v-${name}`)
    inside(namespace, `ip link set lo up && ip addr add ${address} dev eth0 && ip link set eth0 up`)
    inside(namespace, `ip route add default via ${gateway}`)
  }
}

function sh(command: string): void {
  execFileSync('sh', ['-c', command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  })
}

function inside(namespace: string, command: string): void {
  sh(`nsenter --net=/run/netns/${namespace} sh -c '${command}'`)
}
