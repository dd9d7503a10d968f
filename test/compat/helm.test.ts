import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTestCluster } from '../process/test-cluster.ts'
import { helmBinary, kubectlVersions, runProgram } from './kubectl-binary.ts'

/** A chart as charts are: empty maps, empty pull policies, names of its own for everything. */
const template = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: {{ .Release.Name }}, labels: {}}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: {{ .Release.Name }}}, ports: [{port: 80, targetPort: http, name: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}, annotations: {}}
    spec:
      serviceAccountName: {{ .Release.Name }}
      terminationGracePeriodSeconds: 1
      securityContext: {}
      containers:
        - name: web
          image: kijabi/web:1
          imagePullPolicy: ""
          resources: {}
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
`

function writeChart(directory: string): string {
  mkdirSync(join(directory, 'templates'))
  writeFileSync(join(directory, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 0.1.0\n')
  writeFileSync(join(directory, 'values.yaml'), 'replicas: 1\n')
  writeFileSync(join(directory, 'templates', 'all.yaml'), template)
  return directory
}

test('Helm installs, upgrades, rolls back and uninstalls a chart', async (context) => {
  if (!helmBinary('v35')) return context.skip('no Helm package for this platform')
  const cluster = await startTestCluster({ runtime: 'sim', masters: 3, workers: 1 })
  const home = mkdtempSync(join(tmpdir(), 'kijabi-helm-'))
  try {
    const chart = writeChart(mkdtempSync(join(home, 'chart-')))
    for (const version of kubectlVersions)
      await context.test(version === 'v32' ? 'Helm 3' : 'Helm 4', async () => {
        const release = `shop-${version}`
        const helm = async (line: string) => {
          const ran = await runProgram(
            helmBinary(version) ?? '',
            [...line.split(' '), '--namespace', release],
            { env: { HOME: home, KUBECONFIG: cluster.kubeconfig }, timeoutMs: 90_000 },
          )
          assert.equal(ran.code, 0, `helm ${line}\n${ran.stdout}\n${ran.stderr}`)
          return ran.stdout
        }
        await helm(`install ${release} ${chart} --create-namespace --wait --timeout 60s`)
        await helm(`upgrade ${release} ${chart} --set replicas=2 --wait --timeout 60s`)
        assert.match(await helm(`history ${release}`), /1 .*superseded[\s\S]*2 .*deployed/)
        await helm(`rollback ${release} 1 --wait --timeout 60s`)
        assert.match(await helm(`status ${release}`), /STATUS: deployed\nREVISION: 3/)
        await helm(`uninstall ${release} --wait --timeout 60s`)
        assert.doesNotMatch(await helm('list'), /shop/)
      })
  } finally {
    rmSync(home, { recursive: true, force: true })
    await cluster.remove()
  }
})
