/** True where dotted version `found` is at least `need`; a prerelease counts as its release. */
export function atLeast(found: string, need: string): boolean {
  const numbers = (version: string) => (version.match(/\d+/g) ?? []).slice(0, 3).map(Number);
  const [a, b] = [numbers(found), numbers(need)];
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
