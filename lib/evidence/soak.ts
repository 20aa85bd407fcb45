import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import type { Verdict } from '../core/inspection.ts';
import { EvidenceStore } from './evidence-store.ts';
import { trialInspection } from './trial.ts';

const verdicts: Verdict[] = ['pass', 'pass', 'pass', 'warn', 'fail', 'invalid'];

/**
 * Records inspections for `seconds`, kills or stops the process every few seconds, with a store small enough that pictures
 * expire all the time. Says that every record is there exactly once and how memory and files grew.
 */
export async function soak(seconds: number): Promise<Record<string, unknown>> {
  const dir = mkdtempSync(join(tmpdir(), 'goodpart-soak-'));
  const store = new EvidenceStore({
    child: { backoff: { minMs: 50, maxMs: 500, resetAfterMs: 2_000 } },
    writeMs: 2_000,
  });
  try {
    const few = { maxCount: 50, maxBytes: null };
    const policy = { passSample: 0.2, minFreeBytes: 0, pass: few, warn: few, fail: few, invalid: few };
    await store.openStore('soak', { dir, line: 'l', station: 's', policy });
    const end = systemClock.mono() + seconds * 1_000;
    const sent: string[] = [];
    const memory: number[] = [];
    let faults = 0;
    let nextFault = systemClock.mono() + 2_000;
    while (systemClock.mono() < end) {
      if (systemClock.mono() > nextFault) {
        nextFault += 4_000;
        const { pid } = store.childStats();
        if (pid !== undefined) process.kill(pid, faults++ % 2 === 0 ? 'SIGKILL' : 'SIGSTOP');
      }
      const size = { width: 160, height: 120 };
      const inspection = trialInspection(sent.length + 1, verdicts[sent.length % verdicts.length], size);
      if (store.record('soak', inspection)) sent.push(inspection.id);
      if (sent.length % 100 === 0) memory.push(Math.round(process.memoryUsage().rss / 1e6));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await store.flush(20_000);
    const seen: string[] = [];
    for (let before: number | undefined; ; ) {
      const page = await store.list('soak', { limit: 500, ...(before === undefined ? {} : { before }) });
      if (page.length === 0) break;
      seen.push(...page.map(({ id }) => id));
      before = page.at(-1)?.sequence;
    }
    const { lost, picturesDropped, resent, restarts, storage } = store.stats('soak');
    const files = readdirSync(dir, { recursive: true }).length;
    const missing = sent.length - new Set(seen).size;
    const doubled = seen.length - new Set(seen).size;
    const rssMb = [memory[0], memory.at(-1)];
    return {
      sent: sent.length,
      missing,
      doubled,
      lost,
      picturesDropped,
      resent,
      faults,
      restarts,
      files,
      rssMb,
      storage,
    };
  } finally {
    await store.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
