import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { requestHeaders, responseHeaders, upgradeHeaders } from '../../../src/api/proxy/headers.ts'
import { rewriteLink, rewritePage } from '../../../src/api/proxy/links.ts'
import { splitProxyPath } from '../../../src/api/proxy/proxied-path.ts'
import { mayReach, parseProxyName } from '../../../src/api/proxy/target.ts'
import { parseRequestInfo } from '../../../src/api/request-info.ts'

test('names of proxied pods and services: scheme and port are optional', () => {
  const names: readonly [text: string, parsed: readonly string[] | undefined][] = [
    ['web', ['', 'web', '']],
    ['web:8080', ['', 'web', '8080']],
    ['https:web:', ['https', 'web', '']],
    [':web:http', ['', 'web', 'http']],
    ['ftp:web:1', undefined],
    ['a:b:c:d', undefined],
    [':80', undefined],
  ]
  for (const [text, expected] of names) {
    const parsed = parseProxyName(text)
    assert.deepEqual(parsed && [parsed.scheme, parsed.name, parsed.port], expected, text)
  }
})

test('a path splits at /proxy; what follows stays as the client wrote it', () => {
  const paths: readonly [path: string, prefix: string, rest: string, query: string][] = [
    ['/api/v1/namespaces/n/pods/p/proxy', '/api/v1/namespaces/n/pods/p/proxy', '', ''],
    ['/api/v1/namespaces/n/pods/p:80/proxy/', '/api/v1/namespaces/n/pods/p:80/proxy', '/', ''],
    [
      '/api/v1/namespaces/n/services/s/proxy/a%2Fb//c?x=/proxy',
      '/api/v1/namespaces/n/services/s/proxy',
      '/a%2Fb//c',
      '?x=/proxy',
    ],
    ['/api/v1/nodes/w1/proxy/metrics/resource', '/api/v1/nodes/w1/proxy', '/metrics/resource', ''],
    ['//api/v1/nodes//w1/proxy/proxy', '//api/v1/nodes//w1/proxy', '/proxy', ''],
  ]
  for (const [path, prefix, rest, query] of paths) {
    const info = parseRequestInfo('GET', path)
    assert.equal(info.subresource, 'proxy', path)
    assert.deepEqual(splitProxyPath(info, path), { prefix, rest, query })
  }
})

test('addresses that a master never asks for others', () => {
  for (const host of ['10.1.2.3', '192.168.0.9', '127.200.1.1', 'fd00::1', '2001:db8::1'])
    assert.equal(mayReach(host), true, host)
  const refused = [
    '127.0.0.1',
    '127.127.255.255',
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
  ]
  for (const host of [
    ...refused,
    '::1',
    '::',
    'fe80::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    'localhost',
    '',
  ])
    assert.equal(mayReach(host), false, host)
})

test('headers: no credentials and nothing of one connection goes on', () => {
  const headers: readonly (readonly [string, string])[] = [
    ['host', 'api:6443'],
    ['authorization', 'Bearer secret'],
    ['impersonate-user', 'root'],
    ['x-remote-user', 'root'],
    ['connection', 'keep-alive, X-Once'],
    ['x-once', '1'],
    ['te', 'trailers'],
    ['content-length', '3'],
    ['x-kept', '2'],
  ]
  const path = { prefix: '/p/proxy', rest: '/a' }
  const forwarded = {
    'x-forwarded-uri': '/p/proxy/a',
    'x-forwarded-host': 'api:6443',
    'x-forwarded-proto': 'https',
  }
  assert.deepEqual(requestHeaders(headers, path), { host: 'api:6443', 'x-kept': '2', ...forwarded })
  const upgrade = upgradeHeaders(
    [
      ['upgrade', 'websocket'],
      ['connection', 'Upgrade'],
    ],
    path,
  )
  assert.deepEqual([upgrade['upgrade'], upgrade['connection']], ['websocket', 'Upgrade'])
  const answer = responseHeaders({
    'set-cookie': ['a=1', 'b=2, c'],
    connection: 'close',
    'transfer-encoding': 'chunked',
    'content-type': 'text/plain',
  })
  assert.deepEqual([...answer.headers], [['content-type', 'text/plain']])
  assert.deepEqual(answer.cookies, ['a=1', 'b=2, c'])
})

const base = { hosts: ['10.0.0.1:80', 'api:6443'], prefix: '/api/v1/namespaces/n/pods/p/proxy' }

test('links: an absolute path on the proxied server leads through the proxy, all others stay', () => {
  const links: readonly [link: string, rewritten: string][] = [
    ['/', `${base.prefix}/`],
    ['/a?b#c', `${base.prefix}/a?b#c`],
    ['http://10.0.0.1:80/x', `${base.prefix}/x`],
    ['//api:6443', base.prefix],
    ['a/b', 'a/b'],
    ['#top', '#top'],
    ['', ''],
    ['https://elsewhere/x', 'https://elsewhere/x'],
    ['mailto:a@b', 'mailto:a@b'],
    [`${base.prefix}/x`, `${base.prefix}/x`],
  ]
  for (const [link, rewritten] of links) assert.equal(rewriteLink(link, base), rewritten, link)
})

test('pages: links in attributes only, however they are quoted', () => {
  const p = base.prefix
  const pages: readonly [page: string, rewritten: string][] = [
    ['<a href="/x">/x</a>', `<a href="${p}/x">/x</a>`],
    [`<IMG alt='a>b' SRC = '/i.png'/>`, `<IMG alt='a>b' SRC = '${p}/i.png'/>`],
    ['<form action=/go method=post>', `<form action=${p}/go method=post>`],
    ['<a title="/x" href=y>', '<a title="/x" href=y>'],
    ['<!-- <a href="/x"> --><p data="/x">', '<!-- <a href="/x"> --><p data="/x">'],
    ['<a href="/unended', '<a href="/unended'],
    ['<a href>', '<a href>'],
    ['a < b and <', 'a < b and <'],
  ]
  for (const [page, rewritten] of pages) assert.equal(rewritePage(page, base), rewritten, page)
})

test('pages: any text passes, and one without links stays as it is', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '<a',
    ' href=',
    '"',
    "'",
    '/x',
    '<!--',
    '-->',
    ' ',
    '=',
    'text',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const page = pieces.join('')
      const rewritten = rewritePage(page, base)
      assert.equal(rewritten.replaceAll(base.prefix, ''), page)
      assert.equal(rewritePage(rewritten, base), rewritten)
    }),
    { numRuns: 2_000 },
  )
})
