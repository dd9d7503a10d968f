import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequestInfo } from '../../../src/api/request-info.ts'
import { labelsOf, RequestMetrics } from '../../../src/api/request-metrics.ts'
import { createMetricsRegistry } from '../../../src/base/metrics.ts'
import { kindOfResource } from '../../../src/kinds/scheme.ts'

function labels(method: string, path: string, contentType = 'application/json'): string {
  const info = parseRequestInfo(method, path)
  const kind = kindOfResource(info.group, info.version, info.resource)
  const { component, ...rest } = labelsOf(info, kind, contentType)
  assert.equal(component, 'apiserver')
  return Object.values(rest).join(',')
}

test('requests are labelled as kube-apiserver labels them', () => {
  const pods = '/api/v1/namespaces/default/pods'
  const table: readonly (readonly [string, string, string, string?])[] = [
    // verb, dry_run, group, version, resource, subresource, scope
    ['GET', `${pods}/a`, 'GET,,,v1,pods,,resource'],
    ['GET', pods, 'LIST,,,v1,pods,,namespace'],
    ['GET', '/api/v1/pods', 'LIST,,,v1,pods,,cluster'],
    ['GET', `${pods}?watch=true`, 'WATCH,,,v1,pods,,namespace'],
    ['POST', `${pods}?dryRun=All`, 'POST,All,,v1,pods,,resource'],
    ['POST', `${pods}?dryRun=x`, 'POST,invalid,,v1,pods,,resource'],
    ['PUT', `${pods}/a/status`, 'PUT,,,v1,pods,status,resource'],
    ['PATCH', `${pods}/a`, 'PATCH,,,v1,pods,,resource', 'application/merge-patch+json'],
    ['PATCH', `${pods}/a`, 'APPLY,,,v1,pods,,resource', 'application/apply-patch+yaml'],
    ['DELETE', `${pods}/a`, 'DELETE,,,v1,pods,,resource'],
    ['DELETE', pods, 'DELETECOLLECTION,,,v1,pods,,namespace'],
    ['GET', `${pods}/a/log`, 'CONNECT,,,v1,pods,log,resource'],
    ['POST', '/apis/apps/v1/namespaces/d/deployments', 'POST,,apps,v1,deployments,,resource'],
    ['GET', '/healthz', 'GET,,,,,,'],
    ['FANCY', `${pods}/a`, 'other,,,v1,pods,,resource'],
  ]
  for (const [method, path, expected, type] of table)
    assert.equal(labels(method, path, type), expected, `${method} ${path}`)
})

test('names that callers make up never become labels', () => {
  assert.equal(labels('GET', '/apis/made.up/v1/things/a'), 'GET,,,,,,resource')
  assert.equal(labels('GET', '/api/v1/namespaces/d/pods/a/made-up'), 'GET,,,v1,pods,,resource')
})

test('what was answered is counted and timed under its labels', async () => {
  const registry = createMetricsRegistry({})
  const metrics = new RequestMetrics(registry, () => ({ reading: 0, writing: 0, openWatches: 0 }))
  const info = parseRequestInfo('GET', '/api/v1/namespaces')
  const kind = kindOfResource('', 'v1', 'namespaces')
  for (const code of [200, 200, 403])
    metrics.answered({ info, kind, contentType: '', code, seconds: 0.03 })
  const text = await registry.metrics()
  const about =
    'verb="LIST",dry_run="",group="",version="v1",resource="namespaces",subresource="",' +
    'scope="cluster",component="apiserver"'
  assert.ok(text.includes(`apiserver_request_total{${about},code="200"} 2`), text)
  assert.ok(text.includes(`apiserver_request_total{${about},code="403"} 1`))
  assert.ok(text.includes(`apiserver_request_duration_seconds_count{${about}} 3`))
  assert.ok(text.includes(`apiserver_request_duration_seconds_bucket{le="0.05",${about}} 3`))
})
