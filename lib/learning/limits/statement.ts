import { percent } from './percent.ts';
import type { Limit, Thresholds } from './thresholds.ts';

/** What else is known of a model, where it is. */
export interface StatementContext {
  /** The sentence of shown defects (defects.ts); without it the miss rate is unknown. */
  defects?: string;
  /** Why the model is provisional: sentences of coverage. */
  provisional?: readonly string[];
  /** Regions with limits of their own. */
  regions?: { count: number; expected: number };
}

/** What the limits promise and what they do not, for people. */
export function statementOf(thresholds: Thresholds, pictures: number, context: StatementContext = {}): string {
  const { defects, provisional = [], regions } = context;
  const { warn, fail, rates } = thresholds;
  return [
    `Scores of ${pictures} good pictures, each by a model that had not seen it (5-fold); the finished model has seen more of them, so the figures are cautious.`,
    ...(rates.reason === null ? [] : [rates.reason]),
    say('Warn', warn),
    say('Fail', fail),
    claim(fail),
    ...(regions ? [regionsTogether(regions)] : []),
    'This holds for parts and pictures like the learned ones.',
    defects ?? 'The miss rate is unknown until defects were shown.',
    ...(provisional.length === 0 ? [] : [`Provisional: ${provisional.join(' ')}`]),
  ].join(' ');
}

function say(name: string, limit: Limit): string {
  const { value, expected, bound, extrapolated } = limit;
  return (
    `${name} limit ${value.toFixed(2)}: expected above it ${percent(expected)} of good parts` +
    `${extrapolated ? ' (extrapolated: too few pictures to know)' : ''}, with 95 % confidence at most ${percent(bound)}.`
  );
}

/** What can be claimed with confidence, and what it would take to claim more. */
function claim({ strict, tighter }: Limit): string {
  const { rate, more, parts } = tighter;
  const further = `to promise at most ${percent(rate)} with 95 % confidence takes ${more} more good parts (${parts} in all, fail limit at the largest score)`;
  if (strict === null) return `${further[0].toUpperCase()}${further.slice(1)}.`;
  return `A fail limit of ${strict.toFixed(2)} would promise the wanted rate with 95 % confidence; ${further}.`;
}

function regionsTogether({ count, expected }: { count: number; expected: number }): string {
  return `${count} ${count === 1 ? 'region has limits of its' : 'regions have limits of their'} own; together they are expected to fail at most ${percent(expected)} of good parts.`;
}
