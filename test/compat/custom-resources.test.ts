import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../process/eventually.ts'
import { startTestCluster } from '../process/test-cluster.ts'
import { kubectlBinary, kubectlVersions } from './kubectl-binary.ts'
import { Kubectl } from './kubectl-flow.ts'

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
    - name: v1
      served: true
      storage: true
      subresources:
        status: {}
        scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
      additionalPrinterColumns:
        - {name: Spec, type: string, jsonPath: .spec.cronSpec, description: When it runs.}
        - {name: Replicas, type: integer, jsonPath: .spec.replicas}
      selectableFields: [{jsonPath: .spec.image}]
      schema:
        openAPIV3Schema:
          type: object
          description: A table of times.
          properties:
            spec:
              type: object
              required: [cronSpec]
              x-kubernetes-validations:
                - {rule: "self.replicas <= 10", message: "at most ten replicas"}
              properties:
                cronSpec: {type: string, pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$', description: "Minutes, hours and so on."}
                image: {type: string, default: cron:1}
                replicas: {type: integer, minimum: 1, default: 1}
            status: {type: object, properties: {replicas: {type: integer}}}
`

const crontab = (name: string, more = '') => `
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: ${name}}
spec: {cronSpec: "* * * * */5"${more}}
`

const latest = ', image: "cron:latest"'

const policy = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-latest}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [stable.example.com], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [crontabs]}]
  validations:
    - {expression: "!object.spec.image.endsWith(':latest')", message: name a version}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-latest}
spec: {policyName: no-latest, validationActions: [Deny]}
`

test('custom resources and policies through kubectl, on three masters', async (context) => {
  if (!kubectlBinary('v32')) return context.skip('no kubectl package for this platform')
  const cluster = await startTestCluster({ runtime: 'sim' })
  try {
    for (const version of kubectlVersions)
      await context.test(version, () => flow(new Kubectl(version, cluster.kubeconfig)))
  } finally {
    await cluster.remove()
  }
})

async function flow(kubectl: Kubectl): Promise<void> {
  const refused = async (line: string, input?: string): Promise<string> => {
    const ran = await kubectl.run(line, input)
    assert.notEqual(ran.code, 0, line)
    return ran.stderr
  }
  await kubectl.ok('apply -f -', definition)
  await kubectl.ok('wait --for=condition=Established crd/crontabs.stable.example.com --timeout=30s')
  const listed = /crontabs\s+ct\s+stable\.example\.com\/v1\s+true\s+CronTab/
  await kubectl.until('api-resources --api-group=stable.example.com', listed)
  await kubectl.until('explain crontab.spec.cronSpec', /Minutes, hours and so on\./)
  assert.match(
    await kubectl.ok('apply -f -', crontab('one')),
    /crontab\.stable\.example\.com\/one created/,
  )
  assert.match(await kubectl.ok('get ct'), /NAME\s+SPEC\s+REPLICAS\s+one\s+\* \* \* \* \*\/5\s+1/)
  assert.match(await kubectl.ok('get all'), /crontab\.stable\.example\.com\/one/)
  assert.equal(await kubectl.ok('get ct one -o jsonpath={.spec.image}'), 'cron:1')
  assert.match(await kubectl.ok('apply -f -', crontab('one', ', replicas: 3')), /configured/)
  assert.match(
    await kubectl.ok('apply --server-side --force-conflicts -f -', crontab('one', ', replicas: 4')),
    /serverside-applied/,
  )
  await kubectl.ok('scale ct/one --replicas=5')
  assert.equal(
    await kubectl.ok('get ct --field-selector spec.image=cron:1 -o name'),
    'crontab.stable.example.com/one\n',
  )
  await kubectl.ok('patch ct one --type=merge -p {"spec":{"replicas":6}}')
  assert.match(
    await refused('patch ct one --type=merge -p {"spec":{"replicas":11}}'),
    /spec: Invalid value: at most ten replicas/,
  )
  assert.match(
    await refused('apply -f -', crontab('two', ', image: 3')),
    /spec\.image in body must be of type string: "integer"/,
  )
  assert.match(
    await refused('apply -f -', crontab('two', ', nothing: x')),
    /unknown field "spec\.nothing"/,
  )
  assert.match(await kubectl.ok('describe ct one'), /Cron Spec:\s+\* \* \* \* \*\/5/)
  await kubectl.ok('apply -f -', policy)
  // Each master hears of a policy in its own time, as API servers do.
  await eventually('the policy is in force', async () => {
    const ran = await kubectl.run('apply --dry-run=server -f -', crontab('two', latest))
    return ran.code !== 0 || undefined
  })
  assert.match(
    await refused('apply -f -', crontab('two', latest)),
    /ValidatingAdmissionPolicy 'no-latest' with binding 'no-latest' denied request: name a version/,
  )
  await kubectl.until('get apiservice v1.stable.example.com', /Local\s+True/)
  await kubectl.ok(
    'delete validatingadmissionpolicy/no-latest validatingadmissionpolicybinding/no-latest',
  )
  await kubectl.ok('delete crd crontabs.stable.example.com --timeout=60s')
  const gone = /the server doesn't have a resource type "ct"|could not find the requested resource/
  await eventually('ct is no resource any more', async () => {
    const ran = await kubectl.run('get ct')
    return (ran.code !== 0 && gone.test(ran.stderr)) || undefined
  })
}
