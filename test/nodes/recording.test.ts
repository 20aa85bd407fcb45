import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../lib/core/clock.ts';
import { encodeName } from '../../lib/core/ids.ts';
import { reason } from '../../lib/core/reasons.ts';
import { resources } from '../../lib/node-red/resources.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import { Station } from '../../lib/station/station.ts';
import { takeRecorder } from '../../nodes/evidence-desk.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

/** One part that is not inspected: it needs nothing around the station and must have its record all the same. */
function inspectNothing(station: Station): void {
  const answer = station.accept({
    ...{ triggerId: 0, partId: '', expectedRecipe: 0, source: 'message', at: systemClock.mono() },
  });
  if ('inspection' in answer) station.invalidate(answer.inspection.id, reason('imageUnreadable'));
}

function recorded(folder: string): number {
  const journal = join(folder, 'evidence/journal');
  const files = readdirSync(journal).filter((file) => file.endsWith('.ndjson'));
  const lines = files.flatMap((file) => readFileSync(join(journal, file), 'utf8').split('\n'));
  return lines.filter((line) => line.includes('"sequence"')).length;
}

onEachNodeRed('evidence over deploys', (runner) => {
  it('records every part also while a deploy changes what is kept', async () => {
    const flow = (passPercent: number) => [
      { id: 'tab', type: 'tab', label: 'evidence' },
      { id: 'A', type: 'goodpart-station', line: 'line1', station: 'one', mode: 'run' },
      { id: 'evidence', z: 'tab', type: 'goodpart-evidence', station: 'A', passPercent, wires: [[]] },
    ];
    await runner().start(flow(1));
    const folder = join(runner().userDir, 'goodpart/stations', encodeName('line1'), encodeName('one'));
    const station = await until('the station', () => findStation('line1', 'one'));
    await until('the evidence is open', () => recorded(folder) === 0 && station.snapshot().health.evidenceOk);
    let closed = 0;
    station.on('closed', () => {
      closed += 1;
    });
    const line = setInterval(() => inspectNothing(station), 2);
    try {
      await until('parts', () => closed > 20);
      for (const percent of [2, 3]) {
        await runner().deploy(flow(percent), 'nodes');
        const before = closed;
        await until('parts after the deploy', () => closed > before + 20);
      }
    } finally {
      clearInterval(line);
    }
    await until('their records', () => recorded(folder) === closed, { timeoutMs: 30_000 }).catch(() => {});
    assert.equal(recorded(folder), closed);
    assert.equal(station.snapshot().counters.evidenceLost, 0);
  });
});

describe('evidence of a station that was opened anew', () => {
  it('listens to the new one, never to the one that ended', async () => {
    const dir = tempDir('station');
    const options = { line: 'line1', station: 'again', dir, deadlineMs: 1000, maxOpen: 2, staleAfterMs: 0 };
    for (const life of [1, 2]) {
      const station = await Station.open({ ...options, mode: 'run' });
      const lease = await takeRecorder(station, dir, {});
      inspectNothing(station);
      await until(`the record of life ${life}`, () => recorded(dir) === life);
      // the recorder is still warm when the station's next life begins
      await lease.release();
      await station.close();
    }
    await resources.settle();
  });
});
