import { systemClock } from '../core/clock.ts';
import type { ScoreTimings } from '../core/inspection.ts';
import { type BenchPicture, benchFrame } from './bench-frames.ts';
import type { Engine } from './engine.ts';

/** One answered frame: when, and how long each stage took. */
export interface Answered {
  at: number;
  timings: ScoreTimings;
}

/** Scores pictures in turn for `ms` milliseconds, `inFlight` at a time. */
export async function flood(
  engine: Engine,
  key: string,
  pictures: readonly BenchPicture[],
  ms: number,
  inFlight = 2,
): Promise<Answered[]> {
  const answered: Answered[] = [];
  const end = systemClock.mono() + ms;
  let next = 0;
  const lane = async () => {
    while (systemClock.mono() < end) {
      const frame = benchFrame(pictures[next++ % pictures.length], next);
      const { timings } = await engine.score(key, frame, { deadlineMs: 10_000 });
      answered.push({ at: systemClock.mono(), timings });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  // the last ones had the machine to themselves
  return answered.slice(0, Math.max(1, answered.length - inFlight + 1));
}

/** From the first answer to the last one: neither the filling of the pipeline counts nor its emptying. */
export function perSecond(answered: readonly { at: number }[]): number {
  const took = (answered.at(-1)?.at ?? 0) - (answered[0]?.at ?? 0);
  return took > 0 ? (1000 * (answered.length - 1)) / took : Number.NaN;
}
