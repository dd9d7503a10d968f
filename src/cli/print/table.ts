/**
 * A table as kubectl prints it: upper-case headings, columns padded with three spaces, no borders,
 * `<none>` for what is empty. The last column is not padded.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => (cell === '' ? '<none>' : cell)))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('   ')
  return `${[line(headings), ...cells.map(line)].join('\n')}\n`
}
