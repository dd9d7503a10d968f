import type { Definition, Field } from '../schema.ts'

/** The fields of a message by their number. */
export interface Numbering {
  readonly fields: Map<number, Field>
  /** The sub-messages that Go inlines, by their number. */
  readonly inlined: Map<number, Numbering>
}

const numberings = new WeakMap<Definition, Numbering>()

export function numberingOf(schema: Definition): Numbering {
  const known = numberings.get(schema)
  if (known) return known
  const numbering = emptyNumbering()
  for (const field of schema.fields)
    if (field.number > 0) field.inside.reduce(inlinedAt, numbering).fields.set(field.number, field)
  numberings.set(schema, numbering)
  return numbering
}

function emptyNumbering(): Numbering {
  return { fields: new Map(), inlined: new Map() }
}

function inlinedAt({ inlined }: Numbering, number: number): Numbering {
  const inner = inlined.get(number) ?? emptyNumbering()
  inlined.set(number, inner)
  return inner
}
