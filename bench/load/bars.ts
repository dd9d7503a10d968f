export interface Bar {
  readonly name: string
  readonly etcd: number
  readonly kijabi: number
  readonly unit: string
}

const width = 820
const rowHeight = 44
const left = 300
const barHeight = 15
const colours = { etcd: '#9aa5b1', kijabi: '#2f6fde' }

/** A picture of figures side by side: each row is drawn to its own scale. */
export function bars(title: string, rows: readonly Bar[]): string {
  const height = 50 + rows.length * rowHeight
  const parts = rows.flatMap(({ name, etcd, kijabi, unit }, nth) => {
    const top = 44 + nth * rowHeight
    const scale = (width - left - 130) / Math.max(etcd, kijabi, 1e-9)
    const bar = (value: number, who: 'etcd' | 'kijabi', y: number) =>
      `<rect x="${left}" y="${y}" width="${(value * scale).toFixed(1)}" height="${barHeight}" ` +
      `fill="${colours[who]}"/><text x="${(left + value * scale + 6).toFixed(1)}" y="${y + 12}">` +
      `${value.toLocaleString('en-US')} ${unit}</text>`
    return [
      `<text x="${left - 10}" y="${top + 20}" text-anchor="end">${name}</text>`,
      bar(etcd, 'etcd', top),
      bar(kijabi, 'kijabi', top + barHeight + 2),
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="10" y="22" font-size="14">${title}</text>`,
    `<text x="${width - 130}" y="22" fill="${colours.etcd}">etcd</text>`,
    `<text x="${width - 80}" y="22" fill="${colours.kijabi}">kijabi</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}
