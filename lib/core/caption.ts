/** The line below the verdict: what the defect is called, where that is known, and why the verdict is what it is. */
export function captionOf(why: string | undefined, defect?: { number: number; name: string }): string | undefined {
  const named = defect !== undefined && defect.number > 0 ? `${defect.name}. ` : '';
  return why === undefined ? undefined : `${named}${why}`;
}
