import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { benchFrame, inspectOnce } from './bench.ts';
import { Ledger } from './ledger.ts';

/**
 * Runs inspections through one ledger for about `seconds`, at least 100 000 of them, and reports how the heap grew: bytes an
 * inspection, by least squares over samples after a quarter of the run. Garbage is collected before each sample.
 */
export async function soak(seconds: number): Promise<Record<string, unknown>> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const ledger = new Ledger();
  ledger.outputs = 1;
  const frame = benchFrame(1e12);
  const samples: { count: number; heap: number }[] = [];
  const end = performance.now() + seconds * 1000;
  let count = 0;
  while (count < 100_000 || performance.now() < end) {
    for (let i = 0; i < 2500; i++) {
      count += 1;
      inspectOnce(ledger, count, 1e6 + count, frame);
    }
    await turn();
    collect();
    samples.push({ count, heap: process.memoryUsage().heapUsed });
  }
  const settled = samples.slice(Math.floor(samples.length / 4));
  return {
    inspections: count,
    heapBytesPerInspection: Number(slope(settled).toFixed(3)),
    heapMiB: Number(((samples.at(-1)?.heap ?? 0) / 2 ** 20).toFixed(1)),
    open: ledger.size,
  };
}

function slope(samples: { count: number; heap: number }[]): number {
  const mean = (key: 'count' | 'heap') => samples.reduce((sum, one) => sum + one[key], 0) / samples.length;
  const [x, y] = [mean('count'), mean('heap')];
  const covariance = samples.reduce((sum, one) => sum + (one.count - x) * (one.heap - y), 0);
  return covariance / samples.reduce((sum, one) => sum + (one.count - x) ** 2, 0);
}
