import { readdir, readFile } from 'node:fs/promises';
import { systemClock } from '../core/clock.ts';
import { processTree, residentOf } from '../process/memory.ts';
import { mean, median, quantile, rounded, type Slope, slopeOf } from './bench-figures.ts';

interface Sample {
  inspections: number;
  residentMb: number;
  handles: number;
}

interface Watched {
  name: string;
  samples: Sample[];
}

export interface Growth {
  residentMb: { first: number; last: number };
  /** Means of ten equal stretches of the whole run, to see the shape by. */
  residentMbByTenth: number[];
  handles: { first: number; last: number };
  /** MB for 10,000 inspections, once everything has filled up. */
  mbPer10k: number;
  standardError: number;
  /** Of open files and the like for 10,000 inspections. */
  handlesPer10k: number;
  /** No growth that stands out of the noise. */
  flat: boolean;
}

/** So many records' places in its files the evidence child holds, and then no more (lib/evidence/journal). Shorter runs see it fill. */
const remembered = 50_000;
const mostLatencies = 1_000_000;
const blocks = 8;
/** Student's t, one-sided 2.5 %, for eight points and a line. */
const significant = 2.45;
/**
 * What does not count, in 100,000 inspections: 1 MB, one handle. The PLC's and the evidence process go up by 6 MB and down again each 30,000
 * inspections (measured), as V8 collects their old generation: the noise around the line is from that.
 */
const negligible = { mbPer10k: 0.1, handlesPer10k: 0.1 };

/**
 * Watches this process and all that came of it while inspections are counted: resident memory, handles and latencies. Linux only. Reads without
 * blocking: what is watched must not be slowed by it.
 */
export class SoakWatch {
  readonly #watched = new Map<number, Watched>();
  /** As large from the start as it ever gets, and in use: what watches must not grow either. */
  readonly #latencies = new Float32Array(mostLatencies).fill(1);
  readonly #everyMs: number;
  #inspections = 0;
  #next = 0;
  #sampling: Promise<void> = Promise.resolve();

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
    for (const { pid, name } of processTree(process.pid)) this.#watched.set(pid, { name, samples: [] });
  }

  /** One more inspection, with its latency in milliseconds. */
  inspected(latencyMs: number): void {
    if (this.#inspections < mostLatencies) this.#latencies[this.#inspections] = latencyMs;
    this.#inspections += 1;
    const now = systemClock.mono();
    if (now < this.#next) return;
    this.#next = now + this.#everyMs;
    this.#sampling = this.#sampling.then(() => this.#sample());
  }

  /** By process; `ok` while all are flat and no process that was there at the start is gone. */
  async report(): Promise<Record<string, unknown>> {
    await this.#sampling;
    await this.#sample();
    const growths = [...this.#watched].map(
      ([pid, { name, samples }]) => [`${name} (${pid})`, growthOf(samples)] as const,
    );
    const gone = processesGone([...this.#watched.keys()]);
    const latencyMs = this.#latencyQuarters();
    return {
      inspections: this.#inspections,
      processes: Object.fromEntries(growths),
      processesGone: gone,
      latencyMs,
      ok: gone === 0 && latencyMs.flat && growths.every(([, { flat }]) => flat),
    };
  }

  /** Medians over ten windows each of their p50 and p99, for the second and the last quarter of the run. */
  #latencyQuarters() {
    const windows = 40;
    const size = Math.floor(Math.min(this.#inspections, mostLatencies) / windows);
    const of = (share: number) =>
      Array.from({ length: windows }, (_, i) =>
        quantile([...this.#latencies.subarray(i * size, (i + 1) * size)], share),
      );
    const quarter = (values: number[], number: number) => rounded(median(values.slice(number * 10, number * 10 + 10)));
    const [p50, p99] = [of(0.5), of(0.99)];
    const [second, last] = [quarter(p99, 1), quarter(p99, 3)];
    return {
      secondQuarter: { p50: quarter(p50, 1), p99: second },
      lastQuarter: { p50: quarter(p50, 3), p99: last },
      p99ByWindow: p99.map(rounded),
      flat: last <= second * 1.15 + 0.5,
    };
  }

  async #sample(): Promise<void> {
    const inspections = this.#inspections;
    await Promise.all(
      [...this.#watched].map(async ([pid, { samples }]) => {
        try {
          const [status, handles] = await Promise.all([
            readFile(`/proc/${pid}/status`, 'utf8'),
            readdir(`/proc/${pid}/fd`),
          ]);
          samples.push({ inspections, residentMb: residentOf(status), handles: handles.length });
        } catch {
          // gone: the report says so
        }
      }),
    );
  }
}

function processesGone(pids: number[]): number {
  const there = new Set(processTree(process.pid).map(({ pid }) => pid));
  return pids.filter((pid) => !there.has(pid)).length;
}

/** The first quarter is left out, or the first half where that is needed for what fills up: allocators, compiled code, memory of the newest records. */
export function growthOf(samples: readonly Sample[]): Growth {
  const total = samples.at(-1)?.inspections ?? 0;
  const from = Math.min(total / 2, Math.max(total / 4, remembered));
  const later = samples.filter(({ inspections }) => inspections >= from);
  const memory = slopeOfBlocks(later.map(({ inspections, residentMb }) => [inspections / 10_000, residentMb]));
  const handles = slopeOfBlocks(later.map((sample) => [sample.inspections / 10_000, sample.handles]));
  const grows = ({ slope, standardError }: Slope, most: number) => slope - significant * standardError > most;
  const ends = (pick: (sample: Sample) => number) => ({
    first: rounded(samples[0] ? pick(samples[0]) : Number.NaN),
    last: rounded(pick(samples.at(-1) ?? { inspections: 0, residentMb: Number.NaN, handles: Number.NaN })),
  });
  return {
    residentMb: ends(({ residentMb }) => residentMb),
    residentMbByTenth: inBlocks(samples, 10).map((block) => rounded(mean(block.map(({ residentMb }) => residentMb)))),
    handles: ends((sample) => sample.handles),
    mbPer10k: rounded(memory.slope),
    standardError: rounded(memory.standardError),
    handlesPer10k: rounded(handles.slope),
    flat: !grows(memory, negligible.mbPer10k) && !grows(handles, negligible.handlesPer10k),
  };
}

/** Memory moves in steps that last: neighbouring samples say the same twice, means of eight long blocks hardly do. */
function slopeOfBlocks(points: [number, number][]): Slope {
  if (points.length < blocks) return slopeOf(points);
  return slopeOf(
    inBlocks(points, blocks).map((block) => [mean(block.map(([x]) => x)), mean(block.map(([, y]) => y))] as const),
  );
}

function inBlocks<T>(list: readonly T[], count: number): T[][] {
  const edge = (block: number) => Math.floor((block * list.length) / count);
  const all = Array.from({ length: count }, (_, block) => list.slice(edge(block), edge(block + 1)));
  return all.filter(({ length }) => length > 0);
}
