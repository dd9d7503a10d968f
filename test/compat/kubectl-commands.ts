import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Kubectl } from './kubectl-flow.ts'

/**
 * One kubectl command and what it must say. `{name}` in a line is the path of the manifest of that name.
 * Standard output and standard error are matched together.
 */
export interface Command {
  readonly line: string
  readonly says: RegExp
  /** 0 unless told. */
  readonly code?: number
  /** What others write in their own time: asked again until it is there. */
  readonly eventually?: boolean
}

export interface Chapter {
  readonly title: string
  readonly commands: readonly Command[]
}

const configMap = (value: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: cmx}
data: {a: "${value}", word: before-edit}
`
const deployment = (replicas: number) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: d1, labels: {app: d1}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: d1}}
  template:
    metadata: {labels: {app: d1}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: c, image: "web:1", ports: [{containerPort: 80}]}]
`
const pod = `
apiVersion: v1
kind: Pod
metadata: {name: p1, labels: {app: p1}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: "web:1"}]
`

const revised = (kind: string, name: string, more: string) => `
apiVersion: apps/v1
kind: ${kind}
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${name}}}
  ${more}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: c, image: "web:1"}]
`

export const manifests: Readonly<Record<string, string>> = {
  cm: configMap('1'),
  cm2: configMap('2'),
  dep: deployment(2),
  dep2: deployment(3),
  pod,
  ds: revised('DaemonSet', 'ds1', ''),
  sts: revised('StatefulSet', 'sts1', 'serviceName: sts1\n  replicas: 2'),
}

/** What the editor of `kubectl edit` does to the file. */
export const editor = 'sed -i -e s/before-edit/after-edit/'

const asking: Chapter = {
  title: 'what is there',
  commands: [
    { line: 'api-versions', says: /apps\/v1\n[\s\S]*batch\/v1\n[\s\S]*\nv1\n/ },
    { line: 'cluster-info', says: /Kubernetes control plane is running at/ },
    { line: 'explain pod.spec.containers', says: /FIELD: containers <\[\]Container>/ },
    { line: 'explain deploy --recursive', says: /\n {8}maxSurge\t<IntOrString>/ },
    { line: 'explain pods --output=plaintext-openapiv2', says: /KIND: +Pod\nVERSION: +v1/ },
    { line: 'get --raw /healthz', says: /^ok$/ },
    { line: 'get --raw /readyz?verbose', says: /readyz check passed/ },
    { line: 'auth can-i create pods', says: /^yes/ },
    { line: 'auth can-i --list', says: /\*\.\* +\[\] +\[\] +\[\*\]/ },
    { line: 'auth whoami', says: /Username +kubernetes-admin/ },
  ],
}

const reading: Chapter = {
  title: 'get, describe and wait',
  commands: [
    { line: 'apply -f {pod}', says: /pod\/p1 created/ },
    { line: 'wait --for=condition=Ready pod/p1 --timeout=60s', says: /condition met/ },
    {
      line: 'wait --for=jsonpath={.status.phase}=Running pod/p1 --timeout=60s',
      says: /condition met/,
    },
    {
      line: 'get pods -o wide',
      says: /^NAME +READY +STATUS .* READINESS GATES\np1 +1\/1 +Running/,
    },
    { line: 'get pod p1 -o yaml', says: /^apiVersion: v1\nkind: Pod\n/ },
    { line: 'get pods -o json', says: /"kind": "List"/ },
    {
      line: 'get pods -l app=p1 --field-selector status.phase=Running --sort-by=.metadata.name -A',
      says: /^NAMESPACE +NAME +READY/,
    },
    { line: 'get pods --chunk-size=0', says: /p1 / },
    { line: 'get all', says: /pod\/p1/ },
    {
      line: 'describe pod p1',
      says: /Successfully assigned [\s\S]*Started container c/,
      eventually: true,
    },
    { line: 'describe node w1', says: /Allocated resources:/ },
    { line: 'events --for pod/p1', says: /Scheduled +Pod\/p1/, eventually: true },
    { line: 'get events', says: /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE/ },
    { line: 'top nodes', says: /NAME +CPU\(cores\)/, eventually: true },
  ],
}

const applying: Chapter = {
  title: 'apply, diff, create, replace, edit and patch',
  commands: [
    { line: 'apply -f {cm}', says: /configmap\/cmx created/ },
    { line: 'apply -f {cm2}', says: /configmap\/cmx configured/ },
    { line: 'apply -f {cm2}', says: /configmap\/cmx unchanged/ },
    { line: 'apply -f {cm} --dry-run=server', says: /configured \(server dry run\)/ },
    { line: 'get cm cmx -o jsonpath={.data.a}', says: /^2$/ },
    { line: 'apply -f {dep}', says: /deployment.apps\/d1 created/ },
    { line: 'diff -f {dep2}', says: /- {2}replicas: 2\n\+ {2}replicas: 3/, code: 1 },
    { line: 'diff -f {dep2} --server-side', says: /\+ {2}replicas: 3/, code: 1 },
    { line: 'apply -f {dep2}', says: /deployment.apps\/d1 configured/ },
    { line: 'apply -f {dep2} --server-side', says: /deployment.apps\/d1 serverside-applied/ },
    {
      line: 'apply -f {dep} --server-side --field-manager=me',
      says: /conflict with "kubectl"[\s\S]*\.spec\.replicas/,
      code: 1,
    },
    {
      line: 'apply -f {dep2} --server-side --force-conflicts --field-manager=me',
      says: /serverside-applied/,
    },
    { line: 'create -f {cm}', says: /AlreadyExists.*configmaps "cmx" already exists/, code: 1 },
    { line: 'replace -f {cm}', says: /configmap\/cmx replaced/ },
    { line: 'edit cm cmx', says: /configmap\/cmx edited/ },
    { line: 'get cm cmx -o jsonpath={.data.word}', says: /^after-edit$/ },
    { line: `patch cm cmx -p '{"data":{"k":"v"}}'`, says: /configmap\/cmx patched$/m },
    {
      line: `patch cm cmx --type=json -p '[{"op":"add","path":"/data/q","value":"1"}]'`,
      says: /patched$/m,
    },
    { line: `patch cm cmx --type=merge -p '{"data":{"k":"v2"}}'`, says: /patched$/m },
    { line: `patch cm cmx --type=merge -p '{"data":{"k":"v2"}}'`, says: /patched \(no change\)/ },
    { line: 'label cm cmx a=b', says: /labeled/ },
    { line: 'annotate cm cmx a=b', says: /annotated/ },
    { line: 'auth reconcile -f {cm}', says: /^$/ },
  ],
}

const deploying: Chapter = {
  title: 'scale, expose and roll out',
  commands: [
    { line: 'rollout status deploy d1 --timeout=60s', says: /successfully rolled out/ },
    { line: 'scale deploy d1 --replicas=2', says: /scaled/ },
    { line: 'scale deploy d1 --replicas=4 --current-replicas=9', says: /9/, code: 1 },
    { line: 'scale deploy d1 --replicas=4 --current-replicas=2', says: /scaled/ },
    {
      line: `patch deploy d1 --subresource=scale --type=merge -p '{"spec":{"replicas":3}}'`,
      says: /scale\.autoscaling\/d1 patched/,
    },
    { line: 'autoscale deploy d1 --min=1 --max=3', says: /autoscaled/ },
    { line: 'get hpa', says: /d1 +Deployment\/d1 .* 1 +3 / },
    { line: 'expose deploy d1 --port=80 --name=exp1', says: /service\/exp1 exposed/ },
    { line: 'rollout history deploy d1', says: /REVISION +CHANGE-CAUSE\n1 / },
    { line: 'rollout history deploy d1 --revision=1', says: /Image:\tweb:1/ },
    { line: 'set image deploy/d1 c=web:2', says: /image updated/ },
    // There is nothing to go back from before the controller has seen it.
    { line: 'rollout history deploy d1', says: /\n2 /, eventually: true },
    { line: 'rollout undo deploy d1', says: /rolled back/ },
    { line: 'rollout restart deploy d1', says: /restarted/ },
    { line: 'rollout pause deploy d1', says: /paused/ },
    { line: 'rollout resume deploy d1', says: /resumed/ },
    { line: 'set resources deploy/d1 --requests=cpu=1m', says: /resource requirements updated/ },
    { line: 'set env deploy/d1 A=b', says: /env updated/ },
    { line: 'rollout status deploy d1 --timeout=60s', says: /successfully rolled out/ },
  ],
}

const generating: Chapter = {
  title: 'the generators of kubectl create, in the binary encoding',
  commands: [
    { line: 'create deployment nn --image=web:1', says: /deployment.apps\/nn created/ },
    {
      line: 'create cronjob cj --image=web:1 --schedule=@daily',
      says: /cronjob.batch\/cj created/,
    },
    { line: 'create job j --image=web:1', says: /job.batch\/j created/ },
    { line: 'create role ro --verb=get --resource=pods', says: /\/ro created/ },
    { line: 'create rolebinding rb --role=ro --user=jane', says: /\/rb created/ },
    { line: 'auth can-i get pods --as jane', says: /^yes/ },
    { line: 'auth can-i delete pods --as jane', says: /^no/, code: 1 },
    { line: 'create ingress ing --rule=foo.com/*=svc:80', says: /ingress\S*\/ing created/ },
    { line: 'create pdb pdb1 --selector=app=x --min-available=1', says: /pdb1 created/ },
    { line: 'create quota q --hard=pods=50,configmaps=50', says: /resourcequota\/q created/ },
    { line: 'create sa s1', says: /serviceaccount\/s1 created/ },
    { line: 'create token s1 --duration=1h', says: /^[\w-]+\.[\w-]+\.[\w-]+\s*$/ },
    { line: 'create secret generic sec --from-literal=a=b', says: /secret\/sec created/ },
    { line: 'create service clusterip s --tcp=80', says: /service\/s created/ },
    { line: 'get cronjob,job,ing,pdb,quota', says: /cronjob\.batch\/cj +@daily[\s\S]*ingress/ },
    { line: 'describe quota q', says: /configmaps +\d+ +50/, eventually: true },
    { line: 'describe cronjob cj', says: /Schedule: +@daily/ },
    { line: 'describe ingress ing', says: /foo\.com/ },
  ],
}

const revising: Chapter = {
  title: 'daemon sets and stateful sets',
  commands: [
    { line: 'apply -f {ds}', says: /daemonset.apps\/ds1 created/ },
    {
      line: 'rollout status ds ds1 --timeout=60s',
      says: /daemon set "ds1" successfully rolled out/,
    },
    { line: 'get ds ds1', says: /ds1 +2 +2 +2 +2 +2 /, eventually: true },
    { line: 'set image ds/ds1 c=web:2', says: /image updated/ },
    { line: 'rollout status ds ds1 --timeout=60s', says: /successfully rolled out/ },
    { line: 'rollout history ds ds1', says: /REVISION +CHANGE-CAUSE\n1 .*\n2 / },
    { line: 'rollout history ds ds1 --revision=1', says: /Image:\tweb:1/ },
    { line: 'rollout undo ds ds1', says: /rolled back/ },
    { line: 'rollout status ds ds1 --timeout=60s', says: /successfully rolled out/ },
    { line: 'rollout history ds ds1', says: /\n2 .*\n3 / },
    {
      line: `get pods -l app=ds1 -o jsonpath={.items[*].spec.containers[0].image}`,
      says: /^web:1 web:1$/,
    },
    {
      line: 'drain w1 --force --timeout=9s',
      says: /cannot delete DaemonSet-managed Pods/,
      code: 1,
    },
    { line: 'uncordon w1', says: /uncordoned/ },
    {
      line: 'describe ds ds1',
      says: /Pods Status: +2 Running[\s\S]*SuccessfulCreate/,
      eventually: true,
    },
    { line: 'apply -f {sts}', says: /statefulset.apps\/sts1 created/ },
    {
      line: 'rollout status sts sts1 --timeout=60s',
      says: /partitioned roll out complete: 2 new pods have been updated/,
    },
    { line: 'scale sts sts1 --replicas=3', says: /scaled/ },
    { line: 'get sts sts1', says: /sts1 +3\/3 /, eventually: true },
    { line: 'set image sts/sts1 c=web:2', says: /image updated/ },
    { line: 'rollout status sts sts1 --timeout=90s', says: /roll out complete: 3 new pods/ },
    { line: 'rollout history sts sts1', says: /REVISION +CHANGE-CAUSE\n1 .*\n2 / },
    { line: 'rollout undo sts sts1', says: /rolled back/ },
    { line: 'rollout status sts sts1 --timeout=90s', says: /roll out complete: 3 new pods/ },
    { line: 'rollout restart sts sts1', says: /restarted/ },
    { line: 'rollout status sts sts1 --timeout=90s', says: /roll out complete: 3 new pods/ },
    { line: 'get pods -l app=sts1', says: /sts1-0 [\s\S]*sts1-1 [\s\S]*sts1-2 / },
    { line: 'scale sts sts1 --replicas=0', says: /scaled/ },
    { line: 'get pods -l app=sts1', says: /^$/, eventually: true },
    { line: 'delete ds,sts --all', says: /"ds1"[\s\S]*"sts1"/ },
    { line: 'get controllerrevisions', says: /^$/, eventually: true },
  ],
}

const operating: Chapter = {
  title: 'nodes',
  commands: [
    { line: 'taint node w1 k=v:NoSchedule', says: /tainted/ },
    { line: 'taint node w1 k-', says: /untainted/ },
    { line: 'cordon w1', says: /cordoned/ },
    { line: 'get node w1', says: /Ready,SchedulingDisabled/ },
    { line: 'uncordon w1', says: /uncordoned/ },
    {
      line: 'drain w1 --ignore-daemonsets --force --delete-emptydir-data --timeout=60s',
      says: /node\/w1 drained/,
    },
    { line: 'uncordon w1', says: /uncordoned/ },
  ],
}

const deleting: Chapter = {
  title: 'delete',
  commands: [
    { line: 'delete cm cmx', says: /"cmx" deleted/ },
    { line: 'delete pods -l nope=1', says: /No resources found/ },
    { line: 'delete deploy d1 --cascade=foreground --timeout=60s', says: /"d1" deleted/ },
    { line: 'get rs -l app=d1', says: /No resources found/ },
    { line: 'delete deploy nn --cascade=orphan --grace-period=0 --force', says: /force deleted/ },
    { line: 'get rs -l app=nn', says: /nn-/, eventually: true },
    { line: 'delete rs -l app=nn', says: /deleted/ },
    { line: 'delete svc exp1 --wait=false', says: /"exp1" deleted/ },
    { line: 'delete cm --all', says: /deleted/ },
    { line: 'delete cronjob,job,ing,pdb,quota,hpa --all', says: /"cj" deleted/ },
    {
      line: 'get cm nowhere',
      says: /Error from server \(NotFound\): configmaps "nowhere"/,
      code: 1,
    },
    { line: 'get nosuchkind', says: /doesn't have a resource type "nosuchkind"/, code: 1 },
  ],
}

const chapters: readonly Chapter[] = [
  asking,
  reading,
  applying,
  deploying,
  generating,
  revising,
  operating,
  deleting,
]

/** Runs every command in a namespace of its own; each is one subtest, and goes on from the one before. */
export async function runCommands(
  context: TestContext,
  kubectl: Kubectl,
  namespace: string,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-manifests-'))
  for (const [name, text] of Object.entries(manifests))
    writeFileSync(join(directory, `${name}.yaml`), text)
  await kubectl.ok(`create namespace ${namespace}`)
  try {
    for (const { title, commands } of chapters)
      await context.test(title, async () => {
        for (const command of commands) await runCommand(kubectl, namespace, directory, command)
      })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function runCommand(
  kubectl: Kubectl,
  namespace: string,
  directory: string,
  { line, says, code = 0, eventually: isAwaited = false }: Command,
): Promise<void> {
  const spelled = line.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    join(directory, `${name}.yaml`),
  )
  const whole = `${spelled} --namespace ${namespace}`
  if (isAwaited) return void (await kubectl.until(whole, says))
  const ran = await kubectl.run(whole)
  const said = `${ran.stdout}${ran.stderr}`
  assert.equal(ran.code, code, `kubectl ${line}\n${said}`)
  assert.match(said, says, `kubectl ${line}\n${said}`)
}
