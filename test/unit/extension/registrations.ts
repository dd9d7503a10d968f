import assert from 'node:assert/strict'
import type { Answer, TestCluster } from '../api/cluster.ts'
import type { Callee } from './callee.ts'

export const registration = '/apis/admissionregistration.k8s.io/v1'

export type Sort = 'Mutating' | 'Validating'

/** The collection of configurations of webhooks of one sort. */
export const configurationsOf = (sort: Sort) =>
  `${registration}/${sort.toLowerCase()}webhookconfigurations`

const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }]

/** `CREATE,UPDATE` of `configmaps` as the only rule of a webhook. */
export function rulesFor(operations: string, resource: string, group = '', version = 'v1') {
  return [
    {
      operations: operations.split(','),
      apiGroups: [group],
      apiVersions: [version],
      resources: [resource],
    },
  ]
}

/** A configuration of one webhook that asks `callee` about everything, unless `more` says otherwise. */
export function configuration(sort: Sort, callee: Callee, more: object = {}, name = 'hooks') {
  return {
    metadata: { name },
    webhooks: [webhook(callee, more)],
    kind: `${sort}WebhookConfiguration`,
  }
}

export function webhook(callee: Callee, more: object = {}) {
  return {
    name: 'one.example.com',
    clientConfig: { url: callee.url, caBundle: callee.caBundle },
    rules: everything,
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...more,
  }
}

export async function install(
  cluster: TestCluster,
  sort: Sort,
  callee: Callee,
  more: object = {},
  name?: string,
): Promise<Answer> {
  const body = configuration(sort, callee, more, name)
  const answer = await cluster.ask('POST', configurationsOf(sort), body)
  assert.equal(answer.status, 201, answer.text)
  return answer
}

/** A request during which `callee`, which does not answer, is given up. */
export async function askInVain(
  cluster: TestCluster,
  callee: Callee,
  request: Parameters<TestCluster['ask']>,
  timeoutSeconds = 1,
): Promise<Answer> {
  const review = callee.nextReview()
  const answer = cluster.ask(...request)
  await review
  cluster.clock.advance(timeoutSeconds * 1_000)
  return await answer
}
