import assert from 'node:assert/strict';
import { Camera } from '../../lib/capture/camera.ts';
import { systemClock } from '../../lib/core/clock.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { Inspection } from '../../lib/core/inspection.ts';
import { Station } from '../../lib/station/station.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

const periodMs = 150;
const leadMs = 50;
const parts = 24;

describe('a simulated line that loses pulses and frames', () => {
  it('gives no announced part another part’s picture, and each its one verdict', async () => {
    const camera = new Camera({
      name: 'line',
      source: {
        ...{ kind: 'simulator', width: 64, height: 64, delivery: 'line', periodMs, seed: 5 },
        ...{ missRate: 0.15, lossRate: 0.15 },
      },
    });
    const limits = { deadlineMs: 400, maxOpen: 8, staleAfterMs: 0 };
    const station = await Station.open({ line: 'l', station: 's', dir: tempDir('line'), mode: 'run', ...limits });
    const closed: Inspection[] = [];
    station.on('closed', (inspection: Inspection) => closed.push(inspection));
    // the pulse comes 50 ms after the announcement; announcements and frames may be held up by a busy machine
    const announced = { earliestMs: 0, latestMs: 120, graceMs: 1_000 };
    station.registerCamera('main', { name: 'line', settingsHash: '', announced });
    const shown = new Map<string, number>();
    let first: Frame | undefined;
    camera.on('frame', (frame: Frame) => {
      first ??= frame;
      const answer = station.lineFrame('main', frame, 'line');
      if (answer !== null && 'id' in answer) shown.set(answer.part.id, Number(frame.info.settings.part));
    });
    try {
      await camera.start();
      const { info } = await until('a first part', () => first);
      const instant = (part: number) => info.exposedAt + (part - Number(info.settings.part)) * periodMs;
      const begin = Number(info.settings.part) + Math.ceil((systemClock.mono() - info.exposedAt) / periodMs) + 1;
      const told: string[] = [];
      for (let part = begin; part < begin + parts; part++) {
        await until(`part ${part} is near`, () => systemClock.mono() >= instant(part) - leadMs, { everyMs: 5 });
        if (systemClock.mono() > instant(part) - 5) continue; // it has passed: no PLC announces it now
        const at = systemClock.mono();
        const answer = station.announcePart({ triggerId: part, partId: `P${part}`, expectedRecipe: 0, at });
        if (!answer.refused) told.push(`P${part}`);
      }
      await until('a verdict for each', () => closed.length === told.length);
      assert.deepEqual(
        closed.map(({ part }) => part.id),
        told,
      );
      for (const [id, part] of shown) assert.equal(id, `P${part}`);
      assert.ok(shown.size >= 3, `${shown.size} of ${told.length} were bound`);
      assert.ok(shown.size < told.length, 'something must have been lost');
    } finally {
      await camera.stop();
      await station.close();
    }
  });
});
