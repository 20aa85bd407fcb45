import assert from 'node:assert/strict';
import { Camera } from '../../lib/capture/camera.ts';
import { PartDrawer } from '../../lib/capture/simulated-part.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { simulatedDefect, simulatedPartId, simulatedPartNumber } from '../../lib/core/simulated-line.ts';

const line = { seed: 7, defectRate: 0.4 };
const size = { width: 64, height: 64 };

describe('a part of the simulated line', () => {
  it('has a number in its id, and other ids have none', () => {
    for (const number of [1, 42, 999_999, 1_234_567])
      assert.equal(simulatedPartNumber(simulatedPartId(number)), number);
    for (const id of ['', 'Teil-1', 'SIM-', 'SIM-1x', 'xSIM-000001', 'SIM--1'])
      assert.equal(simulatedPartNumber(id), null);
  });

  it('has a defect for the belt exactly where the camera draws one', () => {
    const drawer = new PartDrawer({ ...size, ...line });
    for (let number = 1; number <= 300; number++) {
      assert.equal(simulatedDefect(line, number), drawer.draw(number).truth !== 'good', `${number}`);
    }
  });

  it('is what the simulated camera shows when it is asked for by its id; else the next one comes', async () => {
    const camera = new Camera({ name: 'line', source: { kind: 'simulator', ...size, ...line, encoding: 'raw' } });
    try {
      await camera.start();
      const drawer = new PartDrawer({ ...size, ...line });
      const capture = (partId?: string) =>
        camera.capture({ after: systemClock.mono(), timeoutMs: 20_000, ...(partId && { partId }) });
      for (const number of [12, 3, 12]) {
        const { data, info } = await capture(simulatedPartId(number));
        assert.ok(data.equals(drawer.draw(number).data), `part ${number}`);
        assert.equal(info.settings.part, number);
        assert.equal(info.settings.defect, simulatedDefect(line, number));
      }
      const { data, info } = await capture('Teil-9');
      assert.equal(info.number, 4, 'frames go on counting');
      assert.ok(data.equals(drawer.draw(4).data));
    } finally {
      await camera.stop();
    }
  }).timeout(60_000);
});
