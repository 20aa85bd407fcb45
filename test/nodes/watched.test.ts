import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { onEachNodeRed } from '../kit/flows.ts';
import { greyPicture } from '../kit/models.ts';
import { imageFlow, startStations } from '../kit/station-flow.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

onEachNodeRed('files that a machine drops into a folder', (runner) => {
  it('are each a part on a line that announces none, judged in their order', async () => {
    const path = tempDir('dropped');
    const own = { z: 'station1-tab', station: 'station1-station', view: 'main', name: 'drop' };
    const line = { source: 'watch', path, run: 'line', announced: false, settleMs: 20, fileOrder: 'name' };
    const flow = [
      ...imageFlow('station1', { deadlineMs: 8000, maxOpen: 4 }),
      { id: 'camera', type: 'goodpart-camera', ...own, ...line, wires: [['station1-score']] },
    ];
    const [{ closed, station }] = await startStations(runner(), flow);
    await until('the camera is ready', () => station.credit() > 0 && station.snapshot().health.cameraOk);
    for (const [name, spot] of [['part-9.png'], ['part-10.png', 230], ['part-11.png']] as [string, number?][]) {
      const { data, width, height } = greyPicture(60, spot);
      writeFileSync(
        join(path, name),
        await sharp(data, { raw: { width, height, channels: 1 } })
          .png()
          .toBuffer(),
      );
    }
    await until('three verdicts', () => closed.length === 3);
    assert.deepEqual(
      closed.map(({ verdict, views, trigger }) => [views[0].frame?.info.settings.file, verdict, trigger.source]),
      [
        ['part-9.png', 'pass', 'camera'],
        ['part-10.png', 'fail', 'camera'],
        ['part-11.png', 'pass', 'camera'],
      ],
    );
    for (const { trigger, views } of closed) {
      const { info } = views[0].frame as NonNullable<(typeof views)[0]['frame']>;
      assert.equal(trigger.at, info.exposedAt);
      assert.ok((info.arrivedAt ?? 0) - info.exposedAt >= 1000, 'exposed no later than the time in which files appear');
    }
  });
});
