import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

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

/** Writes the chart into an empty directory. */
export function writeChart(directory: string): string {
  mkdirSync(join(directory, 'templates'))
  writeFileSync(join(directory, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 0.1.0\n')
  writeFileSync(join(directory, 'values.yaml'), 'replicas: 1\n')
  writeFileSync(join(directory, 'templates', 'all.yaml'), template)
  return directory
}
