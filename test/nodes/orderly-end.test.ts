import assert from 'node:assert/strict';
import { NodeRed, releases } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { PlcWatch, type Reading } from '../kit/plc-watch.ts';
import { freePort } from '../kit/ports.ts';
import { lineFlow, prepareStation } from '../kit/prepared-station.ts';
import { childrenNamed, isAlive } from '../kit/processes.ts';
import { until } from '../kit/until.ts';

for (const release of releases) {
  describe(`an orderly end of ${release}`, () => {
    it('is told to the PLC before its connection ends, and nothing is left', async () => {
      const port = await freePort();
      const userDir = userDirWithCheckout();
      await prepareStation(userDir);
      const red = await new NodeRed({ release, userDir }).start();
      const plc = new PlcWatch(port);
      try {
        await red.deploy(lineFlow(port));
        plc.start();
        await until('results reach the PLC', () => plc.results.size > 5, { timeoutMs: 20_000 });
        const pids = ['camera', 'engine', 'PLC', 'evidence'].flatMap((name) => childrenNamed(name, red.pid));
        assert.equal(pids.length, 4);
        const failures = plc.failures;
        let last: Reading | undefined;
        const began = performance.now();
        const stopped = red.stop();
        await until(
          'the connection ends',
          () => {
            if (plc.failures > failures) return true;
            last = plc.last;
            return false;
          },
          { everyMs: 1 },
        );
        last = plc.last ?? last;
        assert.ok(last);
        assert.equal(last.status & 1, 0, 'not ready');
        assert.equal(last.code, 0, 'no result that could be taken for one of the next part');
        await stopped;
        assert.match(red.log, /\[ended with 0\]/);
        assert.ok(performance.now() - began < 9_000, 'before anybody gave up on it');
        assert.ok(!pids.some(isAlive), 'no orphan');
        assert.deepEqual(plc.contradictions, []);
      } finally {
        await plc.stop();
        await red.stop();
      }
    });
  });
}
