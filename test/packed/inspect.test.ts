import assert from 'node:assert/strict';
import { NodeRed, releases } from '../kit/node-red.ts';
import { userDirWithPackage } from '../kit/packed.ts';
import { PlcWatch } from '../kit/plc-watch.ts';
import { freePort } from '../kit/ports.ts';
import { lineFlow, prepareStation } from '../kit/prepared-station.ts';
import { until } from '../kit/until.ts';

describe('a station in a fresh userDir with the installed tarball', function () {
  this.timeout(240_000);

  before(() => prepareStation(userDirWithPackage()));

  for (const release of releases) {
    it(`inspects parts and tells the PLC in ${release}`, async () => {
      const red = await new NodeRed({ release, userDir: userDirWithPackage() }).start();
      const port = await freePort();
      const plc = new PlcWatch(port);
      try {
        await red.deploy(lineFlow(port));
        plc.start();
        await until('results', () => plc.results.size > 5, { timeoutMs: 30_000 }).catch((error: Error) => {
          throw new Error(`${error.message}; ${JSON.stringify(plc.last)}\n${red.log.slice(-2_000)}`);
        });
        assert.ok(![...plc.results.values()].includes(4), 'no part was invalid');
      } finally {
        await plc.stop();
        await red.stop();
      }
    });
  }
});
