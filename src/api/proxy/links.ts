/**
 * PURE: links of a proxied page lead through the proxy again (apimachinery pkg/util/proxy/transport.go).
 */
export interface LinkBase {
  /** The proxied server, as the client's Host header or the target names it. */
  readonly hosts: readonly string[]
  /** The path up to and with `/proxy`. */
  readonly prefix: string
}

/**
 * A link as the client has to follow it: one with an absolute path on the proxied server gets the
 * prefix; relative ones and those to other servers stay.
 */
export function rewriteLink(link: string, { hosts, prefix }: LinkBase): string {
  const match = /^(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#]*)(.*)$/i.exec(link)
  const [host, path] = match ? [match[1] ?? '', match[2] ?? ''] : ['', link]
  if (host !== '' && !hosts.includes(host)) return link
  if (host === '' && !path.startsWith('/')) return link
  if (path.startsWith(`${prefix}/`) || path === prefix) return link
  return prefix + (path === '' || path.startsWith('/') ? path : `/${path}`)
}

/** Attributes that hold a link, by the element that has them. */
const linkAttributes: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    a: ['href'],
    applet: ['codebase'],
    area: ['href'],
    audio: ['src'],
    base: ['href'],
    blockquote: ['cite'],
    body: ['background'],
    button: ['formaction'],
    command: ['icon'],
    del: ['cite'],
    embed: ['src'],
    form: ['action'],
    frame: ['longdesc', 'src'],
    head: ['profile'],
    html: ['manifest'],
    iframe: ['longdesc', 'src'],
    img: ['longdesc', 'src', 'usemap'],
    input: ['formaction', 'src', 'usemap'],
    ins: ['cite'],
    link: ['href'],
    object: ['classid', 'codebase', 'data', 'usemap'],
    q: ['cite'],
    script: ['src'],
    source: ['src'],
    video: ['poster', 'src'],
  }),
)

const space = /\s/

/** The page with its links rewritten; one pass, whatever is in it. Comments and scripts stay. */
export function rewritePage(page: string, base: LinkBase): string {
  const parts: string[] = []
  let copied = 0
  let at = page.indexOf('<')
  while (at >= 0) {
    const end = skipped(page, at) ?? tagEnd(page, at)
    if (end === undefined) break
    const tag = page.slice(at, end)
    const changed = rewriteTag(tag, base)
    if (changed !== tag) {
      parts.push(page.slice(copied, at), changed)
      copied = end
    }
    at = page.indexOf('<', end)
  }
  return parts.join('') + page.slice(copied)
}

/** Where a comment that begins here ends; undefined when none does. */
function skipped(page: string, at: number): number | undefined {
  if (!page.startsWith('<!--', at)) return undefined
  const end = page.indexOf('-->', at + 4)
  return end < 0 ? page.length : end + 3
}

/** The end of a tag, with its `>`; quotes may hold one. Undefined when the page ends before. */
function tagEnd(page: string, at: number): number | undefined {
  let quote = ''
  for (let next = at + 1; next < page.length; next += 1) {
    const char = page[next] ?? ''
    if (quote !== '') {
      if (char === quote) quote = ''
    } else if (char === '"' || char === "'") quote = char
    else if (char === '>') return next + 1
  }
  return undefined
}

function rewriteTag(tag: string, base: LinkBase): string {
  const name = /^<([a-z]+)[\s/>]/i.exec(tag)?.[1]?.toLowerCase()
  const attributes = name === undefined ? undefined : linkAttributes.get(name)
  if (name === undefined || !attributes) return tag
  let rewritten = tag.slice(0, 1 + name.length)
  let at = rewritten.length
  while (at < tag.length) {
    const found = attributeAt(tag, at)
    if (!found) break
    const { nameFrom, nameTo, valueFrom, valueTo, end } = found
    const isLink = attributes.includes(tag.slice(nameFrom, nameTo).toLowerCase())
    const value = tag.slice(valueFrom, valueTo)
    rewritten += tag.slice(at, valueFrom)
    rewritten += isLink ? rewriteLink(value, base) : value
    rewritten += tag.slice(valueTo, end)
    at = end
  }
  return rewritten + tag.slice(at)
}

/** The places of the next attribute of a tag; undefined when there is none. */
function attributeAt(tag: string, from: number) {
  let nameFrom = from
  while (nameFrom < tag.length && (space.test(tag[nameFrom] ?? '') || tag[nameFrom] === '/'))
    nameFrom += 1
  if (nameFrom >= tag.length || tag[nameFrom] === '>') return undefined
  let nameTo = nameFrom + 1
  while (nameTo < tag.length && !/[\s=>/]/.test(tag[nameTo] ?? '')) nameTo += 1
  let at = nameTo
  while (space.test(tag[at] ?? '')) at += 1
  if (tag[at] !== '=') return { nameFrom, nameTo, valueFrom: nameTo, valueTo: nameTo, end: nameTo }
  at += 1
  while (space.test(tag[at] ?? '')) at += 1
  const quote = tag[at]
  if (quote === '"' || quote === "'") {
    const close = tag.indexOf(quote, at + 1)
    const valueTo = close < 0 ? tag.length : close
    return { nameFrom, nameTo, valueFrom: at + 1, valueTo, end: Math.min(tag.length, valueTo + 1) }
  }
  let valueTo = at
  while (valueTo < tag.length && !/[\s>]/.test(tag[valueTo] ?? '')) valueTo += 1
  return { nameFrom, nameTo, valueFrom: at, valueTo, end: valueTo }
}
