/** Rows as aligned columns, numbers to the right. The first row is the heading. */
export function table(rows: readonly (readonly string[])[], indent = '  '): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const toTheRight = widths.map((_, column) =>
    rows.slice(1).every((row) => /^(-|[-+]?[\d.]+(%| %)?)?$/.test(row[column] ?? '')),
  );
  return rows
    .map((row) => {
      const cells = widths.map((width, column) =>
        toTheRight[column] ? (row[column] ?? '').padStart(width) : (row[column] ?? '').padEnd(width),
      );
      return `${indent}${cells.join('  ')}`.trimEnd();
    })
    .join('\n');
}

export const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;

/** A score as people read it. */
export const shownScore = (score: number): string =>
  Number.isFinite(score) ? (Math.abs(score) >= 1000 ? score.toFixed(0) : score.toPrecision(4)) : 'not a number';
