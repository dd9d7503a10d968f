import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually } from '../process/eventually.ts'
import { startTestCluster, type TestCluster } from '../process/test-cluster.ts'
import { kubectlBinary } from './kubectl-binary.ts'
import { Kubectl } from './kubectl-flow.ts'

/** What the upstream suite does with kubectl (test/e2e/kubectl/kubectl.go), as far as no image matters. */

const version = 'v35'
const image = 'registry.k8s.io/e2e-test-images/agnhost:2.53'
const otherImage = 'registry.k8s.io/e2e-test-images/busybox:1.36.1-1'

const controller = `
apiVersion: v1
kind: ReplicationController
metadata: {name: agnhost-primary, labels: {app: agnhost, role: primary}}
spec:
  replicas: 1
  selector: {app: agnhost, role: primary}
  template:
    metadata: {labels: {app: agnhost, role: primary}}
    spec:
      containers:
      - {name: agnhost-primary, image: ${image}, ports: [{name: agnhost-server, containerPort: 6379}]}
`
const service = `
apiVersion: v1
kind: Service
metadata: {name: agnhost-primary, labels: {app: agnhost, role: primary}}
spec:
  ports: [{port: 6379, targetPort: agnhost-server}]
  selector: {app: agnhost, role: primary}
`
const pause = `
apiVersion: v1
kind: Pod
metadata: {name: pause, labels: {name: pause}}
spec: {containers: [{name: pause, image: registry.k8s.io/pause:3.10}]}
`
const demo = (replicas: number) => `
apiVersion: v1
kind: ReplicationController
metadata: {name: update-demo}
spec:
  replicas: ${replicas}
  selector: {name: update-demo}
  template:
    metadata: {labels: {name: update-demo}}
    spec: {containers: [{name: update-demo, image: ${image}, ports: [{containerPort: 80}]}]}
`

/** All of the texts are in the output, in any order. */
function says(output: string, ...texts: readonly (string | RegExp)[]): void {
  for (const text of texts)
    assert.ok(
      typeof text === 'string' ? output.includes(text) : text.test(output),
      `${text} in\n${output}`,
    )
}

/** GET by a path, at a port or a socket of kubectl's proxy. */
function get(at: { port: number } | { socketPath: string }, path: string): Promise<string> {
  return new Promise((done, fail) => {
    const asked = request({ host: '127.0.0.1', ...at, path }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8')
      })
      response.on('end', () => done(text))
    })
    asked.on('error', fail)
    asked.end()
  })
}

describe('upstream tests of kubectl', { skip: !kubectlBinary(version) }, () => {
  let cluster: TestCluster
  let kubectl: Kubectl
  let count = 0

  before(async () => {
    cluster = await startTestCluster({ runtime: 'sim', masters: 1, workers: 1 })
    kubectl = new Kubectl(version, cluster.kubeconfig)
  })
  after(async () => {
    kubectl.remove()
    await cluster.remove()
  })

  /** A namespace for one test, as `-n …`. */
  async function inNamespace(): Promise<string> {
    count += 1
    await kubectl.ok(`create namespace kubectl-${count}`)
    return `-n kubectl-${count}`
  }

  const ready = (ns: string, selector: string) =>
    kubectl.ok(`${ns} wait pod -l ${selector} --for=condition=Ready --timeout=60s`)

  test('[sig-cli] Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info [Conformance]', async () => {
    says(await kubectl.ok('cluster-info'), 'Kubernetes control plane', 'is running at')
  })

  test('[sig-cli] Kubectl client Kubectl version should check is all data is printed [Conformance]', async () => {
    says(await kubectl.ok('version'), 'Client Version: ', 'Server Version: ')
    const told = JSON.parse(await kubectl.ok('version -o json'))
    assert.equal(told.serverVersion.major, '1')
  })

  test('[sig-cli] Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods [Conformance]', async () => {
    const ns = await inNamespace()
    await kubectl.ok(`${ns} create -f -`, controller)
    await kubectl.ok(`${ns} create -f -`, service)
    await kubectl.ok(
      `${ns} wait rc/agnhost-primary --for=jsonpath={.status.readyReplicas}=1 --timeout=60s`,
    )
    await ready(ns, 'app=agnhost')
    const names = await kubectl.ok(`${ns} get pods -l app=agnhost -o name`)
    const pod = await kubectl.ok(`${ns} describe ${names.trim()}`)
    says(
      pod,
      'Name:',
      'Namespace:',
      'Node:',
      'Labels:',
      'app=agnhost',
      'role=primary',
      'Annotations:',
    )
    says(pod, /Status:\s+Running/, 'IP:', /Controlled By:\s+ReplicationController\/agnhost-primary/)
    says(pod, 'Image:', /State:\s+Running/, /QoS Class:\s+BestEffort/)
    const rc = await kubectl.ok(`${ns} describe rc agnhost-primary`)
    says(rc, 'Name:', 'Namespace:', 'Selector:', 'Labels:', 'Annotations:')
    says(
      rc,
      /Replicas:\s+1 current \/ 1 desired/,
      /Pods Status:\s+1 Running/,
      'Pod Template:',
      'Image:',
      'Events:',
    )
    const one = await kubectl.ok(`${ns} describe service agnhost-primary`)
    says(
      one,
      'Name:',
      'Labels:',
      'app=agnhost',
      'Annotations:',
      'Selector:',
      /Type:\s+ClusterIP/,
      'IP:',
    )
    says(one, /Port:\s+<unset>\s+6379\/TCP/, 'Endpoints:', /Session Affinity:\s+None/)
    const [node = ''] = (await kubectl.ok('get nodes -o name')).split('\n')
    const parts = [
      'Name:',
      'Labels:',
      'Annotations:',
      'CreationTimestamp:',
      'Conditions:',
      'Addresses:',
    ]
    const versions = [
      'Kernel Version:',
      'OS Image:',
      'Container Runtime Version:',
      'Kubelet Version:',
    ]
    const described = await kubectl.ok(`describe ${node}`)
    says(described, ...parts, 'LastHeartbeatTime', 'LastTransitionTime', 'Capacity:', ...versions)
    says(
      await kubectl.ok(`describe namespace kubectl-${count}`),
      'Name:',
      'Labels:',
      /Status:\s+Active/,
    )
  })

  test('[sig-cli] Kubectl client Kubectl expose should create services for rc [Conformance]', async () => {
    const ns = await inNamespace()
    await kubectl.ok(`${ns} create -f -`, controller)
    await kubectl.ok(
      `${ns} wait rc/agnhost-primary --for=jsonpath={.status.readyReplicas}=1 --timeout=60s`,
    )
    const reaches = async (name: string, port: number) => {
      const shown = JSON.parse(await kubectl.ok(`${ns} get service ${name} -o json`))
      assert.deepEqual([shown.spec.ports[0].port, shown.spec.ports[0].targetPort], [port, 6379])
      await kubectl.ok(`${ns} wait endpoints/${name} --for=create --timeout=60s`)
      const path = '{.subsets[0].ports[0].port}'
      await kubectl.ok(`${ns} wait endpoints/${name} --for=jsonpath=${path}=6379 --timeout=60s`)
    }
    await kubectl.ok(`${ns} expose rc agnhost-primary --name=rm2 --port=1234 --target-port=6379`)
    await reaches('rm2', 1234)
    await kubectl.ok(`${ns} expose service rm2 --name=rm3 --port=2345 --target-port=6379`)
    await reaches('rm3', 2345)
  })

  test('[sig-cli] Kubectl client Kubectl patch should add annotations for pods in rc [Conformance]', async () => {
    const ns = await inNamespace()
    await kubectl.ok(`${ns} create -f -`, controller)
    await kubectl.ok(
      `${ns} wait rc/agnhost-primary --for=jsonpath={.status.readyReplicas}=1 --timeout=60s`,
    )
    const name = (await kubectl.ok(`${ns} get pods -l app=agnhost -o name`)).trim()
    await kubectl.ok(`${ns} patch ${name} -p '{"metadata":{"annotations":{"x":"y"}}}'`)
    assert.equal(await kubectl.ok(`${ns} get ${name} -o jsonpath={.metadata.annotations.x}`), 'y')
  })

  test('[sig-cli] Kubectl client Kubectl label should update the label on a resource [Conformance]', async () => {
    const ns = await inNamespace()
    await kubectl.ok(`${ns} create -f -`, pause)
    await ready(ns, 'name=pause')
    await kubectl.ok(`${ns} label pods pause testing-label=testing-label-value`)
    says(await kubectl.ok(`${ns} get pod pause -L testing-label`), 'testing-label-value')
    await kubectl.ok(`${ns} label pods pause testing-label-`)
    const shown = await kubectl.ok(`${ns} get pod pause -L testing-label`)
    assert.ok(!shown.includes('testing-label-value'), shown)
  })

  test('[sig-cli] Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments [Conformance]', async () => {
    const ns = await inNamespace()
    const deployment = (of: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: httpd-deployment}
spec:
  replicas: 2
  selector: {matchLabels: {app: httpd}}
  template:
    metadata: {labels: {app: httpd}}
    spec: {containers: [{name: httpd, image: '${of}', ports: [{containerPort: 80}]}]}
`
    await kubectl.ok(`${ns} create -f -`, deployment(image))
    // kubectl reads the object and then asks what would come of it: a controller may write in between.
    await eventually('no difference', async () => {
      const same = await kubectl.run(`${ns} diff -f -`, deployment(image))
      return (same.code === 0 && same.stdout === '') || undefined
    })
    const { code, stdout, stderr } = await kubectl.run(`${ns} diff -f -`, deployment(otherImage))
    assert.equal(code, 1, stderr)
    says(stdout, image, otherImage)
  })

  test("[sig-cli] Kubectl client Kubectl replace should update a single-container pod's image [Conformance]", async () => {
    const ns = await inNamespace()
    const line = `${ns} run e2e-test-httpd-pod --image=${image} --labels=run=e2e-test-httpd-pod`
    await kubectl.ok(line)
    await ready(ns, 'run=e2e-test-httpd-pod')
    // It names the version that it read, and the kubelet may have written the status since.
    await eventually('the replacement', async () => {
      const object = JSON.parse(await kubectl.ok(`${ns} get pod e2e-test-httpd-pod -o json`))
      object.spec.containers[0].image = otherImage
      const replaced = await kubectl.run(`${ns} replace -f -`, JSON.stringify(object))
      if (replaced.code !== 0) assert.match(replaced.stderr, /Conflict/)
      return replaced.code === 0 || undefined
    })
    const path = '{.spec.containers[0].image}'
    assert.equal(
      await kubectl.ok(`${ns} get pod e2e-test-httpd-pod -o jsonpath=${path}`),
      otherImage,
    )
    await kubectl.ok(`${ns} delete pods e2e-test-httpd-pod --grace-period=0 --force`)
  })

  test('[sig-cli] Kubectl client Kubectl run pod should create a pod from an image when restart is Never [Conformance]', async () => {
    const ns = await inNamespace()
    await kubectl.ok(`${ns} run e2e-test-httpd-pod --restart=Never --image=${image}`)
    const { spec } = JSON.parse(await kubectl.ok(`${ns} get pod e2e-test-httpd-pod -o json`))
    assert.deepEqual([spec.containers[0].image, spec.restartPolicy], [image, 'Never'])
    await kubectl.ok(`${ns} delete pods e2e-test-httpd-pod`)
  })

  test('[sig-cli] Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods [Conformance]', async () => {
    const ns = await inNamespace()
    await kubectl.ok(
      `${ns} run e2e-test-httpd-pod --image=${image} --labels=run=e2e-test-httpd-pod`,
    )
    await ready(ns, 'run=e2e-test-httpd-pod')
    const patch = { spec: { containers: [{ name: 'e2e-test-httpd-pod', image: otherImage }] } }
    await kubectl.ok(
      `${ns} patch pod e2e-test-httpd-pod -p '${JSON.stringify(patch)}' --dry-run=server`,
    )
    const path = '{.spec.containers[0].image}'
    assert.equal(await kubectl.ok(`${ns} get pod e2e-test-httpd-pod -o jsonpath=${path}`), image)
  })

  const shown = (ns: string) =>
    kubectl.ok(
      `${ns} get pods -o template '--template={{range.items}}{{.metadata.name}} {{end}}' -l name=update-demo`,
    )
  const runs = async (ns: string, replicas: number) => {
    await kubectl.ok(
      `${ns} wait rc/update-demo --for=jsonpath={.status.readyReplicas}=${replicas} --timeout=60s`,
    )
    const state =
      '{{if (exists . "status" "containerStatuses")}}{{range .status.containerStatuses}}{{if (and (eq .name "update-demo") (exists . "state" "running"))}}true{{end}}{{end}}{{end}}'
    // As upstream does it: a pod that was scaled away is listed until its grace period is over.
    await eventually(`exactly ${replicas} pods, which run`, async () => {
      const names = (await shown(ns)).trim().split(' ')
      if (names.length !== replicas) return undefined
      for (const name of names) {
        const line = `${ns} get pods ${name} -o template '--template=${state}'`
        if ((await kubectl.run(line)).stdout !== 'true') return undefined
      }
      return true
    })
  }

  test('[sig-cli] Kubectl client Update Demo should create and stop a replication controller [Conformance]', async () => {
    const ns = await inNamespace()
    await kubectl.ok(`${ns} create -f -`, demo(2))
    await runs(ns, 2)
    await kubectl.ok(`${ns} delete --grace-period=0 --force -f -`, demo(2))
    await kubectl.ok(`${ns} wait pod -l name=update-demo --for=delete --timeout=60s`)
    assert.equal((await shown(ns)).trim(), '')
    says(
      (await kubectl.run(`${ns} get rc,svc -l name=update-demo --no-headers`)).stderr,
      'No resources found',
    )
  })

  test('[sig-cli] Kubectl client Update Demo should scale a replication controller [Conformance]', async () => {
    const ns = await inNamespace()
    await kubectl.ok(`${ns} create -f -`, demo(2))
    await runs(ns, 2)
    await kubectl.ok(`${ns} scale rc update-demo --replicas=1 --timeout=5m`)
    await kubectl.ok(`${ns} wait rc/update-demo --for=jsonpath={.status.replicas}=1 --timeout=60s`)
    await runs(ns, 1)
    await kubectl.ok(`${ns} scale rc update-demo --replicas=2 --timeout=5m`)
    await runs(ns, 2)
  })

  test('[sig-cli] Kubectl client Proxy server should support proxy with --port 0 [Conformance]', async () => {
    const proxy = kubectl.follow('proxy -p 0 --disable-filter')
    try {
      const [, port = ''] = /127\.0\.0\.1:(\d+)/.exec(await proxy.until(/127\.0\.0\.1:\d+/)) ?? []
      says(await get({ port: Number(port) }, '/api/'), '"versions"')
    } finally {
      await proxy.stop()
    }
  })

  test('[sig-cli] Kubectl client Proxy server should support --unix-socket=/path [Conformance]', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kijabi-kubectl-unix-'))
    const socketPath = join(directory, 'test')
    const proxy = kubectl.follow(`proxy --unix-socket=${socketPath}`)
    try {
      await proxy.until(/Starting to serve on /)
      says(await get({ socketPath }, '/api/'), '"versions"')
    } finally {
      await proxy.stop()
      rmSync(directory, { recursive: true, force: true })
    }
  })
})
