import type { Verdict } from '../../core/inspection.ts';

export const verdictWords: Record<Verdict, string> = {
  pass: 'Pass',
  warn: 'Warn',
  fail: 'Fail',
  invalid: 'Not inspected',
};

/** Letters inside of the small squares: colour is never the only sign. */
export const verdictLetters: Record<Verdict, string> = { pass: '✓', warn: '!', fail: '✕', invalid: '?' };

/** "now", "12 s ago", "5 min ago", "3 h ago", "2 d ago". */
export function age(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 2) return 'now';
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

export function percent(share: number): string {
  if (share > 0 && share < 0.001) return '< 0.1 %';
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

export function count(value: number): string {
  return value < 100_000
    ? String(value)
    : value.toLocaleString('en', { notation: 'compact', maximumFractionDigits: 1 });
}
