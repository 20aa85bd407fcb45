import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import type { Inspection } from '../core/inspection.ts';
import { EvidenceStore } from './evidence-store.ts';
import { trialInspection } from './trial.ts';

function spread(values: number[]): { p50: number; p95: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] * 1000) / 1000;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

async function run(store: EvidenceStore, inspections: Inspection[], everyMs: number) {
  const calls: number[] = [];
  const durable: number[] = [];
  const sentAt = new Map<string, number>();
  const onWritten = (_key: string, id: string) => durable.push(systemClock.mono() - (sentAt.get(id) ?? Number.NaN));
  store.on('written', onWritten);
  const began = systemClock.mono();
  for (const inspection of inspections) {
    sentAt.set(inspection.id, systemClock.mono());
    store.record('bench', inspection);
    calls.push(systemClock.mono() - (sentAt.get(inspection.id) ?? 0));
    if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await store.flush(60_000);
  const seconds = (systemClock.mono() - began) / 1000;
  store.off('written', onWritten);
  return {
    recordCallMs: spread(calls),
    durableMs: spread(durable),
    perSecond: Math.round(inspections.length / seconds),
  };
}

/** What `record` costs the caller, how long until a record is durable, and how many a second, with pictures and without. */
export async function bench(): Promise<Record<string, unknown>> {
  const dir = mkdtempSync(join(tmpdir(), 'goodpart-bench-'));
  const store = new EvidenceStore();
  try {
    await store.openStore('bench', { dir, line: 'l', station: 's', policy: { passSample: 0, minFreeBytes: 0 } });
    let sequence = 0;
    const made = (count: number, verdict: 'pass' | 'fail') =>
      Array.from({ length: count }, () => trialInspection(++sequence, verdict));
    await run(store, made(3, 'fail'), 0);
    const alone = await run(store, made(40, 'pass'), 10);
    const burst = await run(store, made(100, 'pass'), 0);
    const pictures = await run(store, made(20, 'fail'), 100);
    const pictureBurst = await run(store, made(40, 'fail'), 0);
    const { views } = made(1, 'fail')[0];
    const drawings: number[] = [];
    for (let i = 0; i < 10; i++) {
      const began = systemClock.mono();
      const [{ frame, score, verdict, severity }] = views;
      if (frame !== null) await store.draw(frame, { map: score?.map ?? null, rois: [], verdict, severity });
      drawings.push(systemClock.mono() - began);
    }
    const { lost, picturesDropped, storage } = store.stats('bench');
    const drawMs = spread(drawings);
    return { alone, burst, pictures, pictureBurst, drawMs, lost, picturesDropped, journalBytes: storage?.journalBytes };
  } finally {
    await store.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
