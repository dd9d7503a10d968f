export interface LatencyFigures {
  readonly requests: number
  readonly perSecond: number
  readonly msP50: number
  readonly msP99: number
}

export function latencyFigures(latencies: number[], ms: number): LatencyFigures {
  latencies.sort((left, right) => left - right)
  return {
    requests: latencies.length,
    perSecond: Math.round((latencies.length * 1_000) / ms),
    msP50: quantile(latencies, 0.5),
    msP99: quantile(latencies, 0.99),
  }
}

/** Of ascending numbers, in hundredths; NaN when there are none. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = Math.max(0, Math.ceil(share * sorted.length) - 1)
  return round(sorted[at] ?? Number.NaN)
}

export function round(value: number): number {
  return Math.round(value * 100) / 100
}

export function option(args: readonly string[], name: string, otherwise: number): number {
  const at = args.indexOf(name)
  return at < 0 ? otherwise : Number(args[at + 1])
}
