import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { GoodpartError } from '../core/errors.ts';
import { SupervisedChild } from './supervised-child.ts';

const megabyte = 2 ** 20;

/**
 * Echoes picture-sized messages while the child is killed each few hundred milliseconds. Holds that every request is settled, that
 * nothing but the end of the child rejects one, and that neither memory nor restarts run away.
 */
export async function soak(seconds: number): Promise<Record<string, unknown>> {
  const child = new SupervisedChild({
    name: 'soak',
    module: join(__dirname, 'echo-child.js'),
    sharedSlots: 1,
    backoff: { minMs: 5, maxMs: 50, resetAfterMs: 100 },
  });
  await child.start();
  const end = systemClock.mono() + seconds * 1_000;
  const killer = setInterval(() => child.kill(new Error('soak')), 700);
  let answered = 0;
  let ended = 0;
  const strange: string[] = [];
  const baseMb = process.memoryUsage().rss / megabyte;
  while (systemClock.mono() < end) {
    const payload = Buffer.alloc(300_000, answered % 251);
    try {
      const { payloads } = await child.request('echo', answered, [payload], { deadlineMs: 5_000 });
      if (!payloads[0].equals(payload)) strange.push('another payload');
      answered += 1;
    } catch (error) {
      if (GoodpartError.is(error) && error.code === 'GP_CHILD_EXITED') ended += 1;
      else strange.push(String(error));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  clearInterval(killer);
  const { starts } = child.stats();
  await child.stop();
  const grownMb = process.memoryUsage().rss / megabyte - baseMb;
  const ok = strange.length === 0 && answered > 0 && grownMb < 200;
  return { ok, answered, ended, starts, grownMb, strange: strange.slice(0, 10) };
}
