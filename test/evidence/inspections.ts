import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { Frame } from '../../lib/core/frame.ts';
import { newId } from '../../lib/core/ids.ts';
import type { Inspection, RoiResult, Verdict, View } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import { linesOf } from '../../lib/evidence/journal-line.ts';
import type { EvidenceRecord } from '../../lib/evidence/record.ts';

export function grayFrame(width = 32, height = 24): Frame {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = (i * 7) % 256;
  return new Frame({
    ...{ data, encoding: 'raw', width, height, channels: 3, bitDepth: 8 },
    ...{ source: 'top', number: 1, exposedAt: systemClock.mono(), exposedUtc: systemClock.utc() },
    settings: { exposureUs: 500, locked: true },
  });
}

export const roiResult: RoiResult = {
  ...{ index: 1, name: 'Planfläche', measure: 'maximum', value: 3.5, severity: 1.2 },
  ...{ warn: 2.5, fail: 3, median: 1, verdict: 'fail' },
};

/** A judged inspection as the station would hand it over. */
export function inspection(
  o: {
    sequence?: number;
    verdict?: Verdict | null;
    partId?: string;
    frame?: Frame | null;
    score?: number;
    id?: string;
  } = {},
): Inspection {
  const { sequence = 1, verdict = 'fail', partId = 'A-1', frame = grayFrame(), score = 3.5, id = newId() } = o;
  const view: View = {
    ...{ name: 'top', camera: 'top', frame, severity: 1.2, verdict },
    score: {
      ...{
        score,
        map: AnomalyMap.from(
          4,
          3,
          Float32Array.from({ length: 12 }, (_, i) => i / 4),
        ),
      },
      model: { name: 'm', version: '1', sha256: 'a'.repeat(64), preprocessing: 'b'.repeat(64) },
      ...{ engine: 'onnxruntime', provider: 'cpu', image: { width: 32, height: 24 } },
      timings: { queue: 0.1, decode: 1, run: 5, total: 7 },
    },
    rois: [roiResult],
    reasons: [reason('regionFail', { roi: 'Planfläche', value: 3.5, limit: 3 })],
  };
  const at = systemClock.mono();
  return {
    ...{ id, line: 'L1', station: 'S1', sequence },
    trigger: { triggerId: 7, partId, expectedRecipe: 0, source: 'message', at, utc: systemClock.utc() },
    ...{ part: { id: partId }, mode: 'run', recipe: { number: 1, version: 2, name: 'Deckel' }, warnAccepted: false },
    validation: { state: 'validated', fingerprint: 'c'.repeat(64), detail: '' },
    ...{ view: 'top', views: [view], state: 'published', verdict, severity: 1.2 },
    reasons: view.reasons,
    ...{ accept: verdict === 'pass', deadline: at + 1000, simulated: false, challenge: 0 },
    timings: { exposed: 1, scored: 8, judged: 9, published: 10 },
  };
}

/** What is on the disk, read without any of the store's own code but the line format. */
export function journalOf(dir: string): { records: EvidenceRecord[]; bad: number } {
  const records: EvidenceRecord[] = [];
  let bad = 0;
  for (const name of readdirSync(join(dir, 'journal')).sort()) {
    if (!name.endsWith('.ndjson')) continue;
    for (const { record } of linesOf(readFileSync(join(dir, 'journal', name)))) {
      if (record === undefined) bad += 1;
      else records.push(record);
    }
  }
  return { records, bad };
}
