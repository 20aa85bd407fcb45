import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../kit/needs.ts';
import { NodeRed, releases } from '../kit/node-red.ts';
import { packOnce, userDirWithPackage } from '../kit/packed.ts';
import { PlcWatch } from '../kit/plc-watch.ts';
import { freePort } from '../kit/ports.ts';
import { lineFlow, prepareStation } from '../kit/prepared-station.ts';
import { until } from '../kit/until.ts';

describe('the package as a user installs it', function () {
  this.timeout(240_000);

  it('holds no test, no build script and no source of ours', () => {
    const { files } = packOnce();
    const strangers = files.filter((file) => /(^|\/)test\/|^lib\/|^nodes\/|lib\/build|\.ts$|\.demo|shared/.test(file));
    assert.deepEqual(strangers, []);
  });

  it('offers every node and inspects parts in a fresh userDir, on both releases of Node-RED', async () => {
    const userDir = userDirWithPackage();
    await prepareStation(userDir);
    const types = readdirSync(join(repositoryRoot, 'nodes'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    for (const release of releases) {
      const red = await new NodeRed({ release, userDir }).start();
      try {
        const sets = await red.json<{ module: string; enabled: boolean; err?: string; types: string[] }[]>('nodes', {
          headers: { accept: 'application/json' },
        });
        const ours = sets.filter(({ module }) => module === '@goodpart/node-red-inspection');
        assert.equal(ours.length, types.length);
        for (const {
          enabled,
          err,
          types: [type],
        } of ours)
          assert.ok(enabled && !err, `${type}: ${err}`);
        const port = await freePort();
        await red.deploy(lineFlow(port));
        const plc = new PlcWatch(port);
        plc.start();
        await until('results', () => plc.results.size > 5, { timeoutMs: 30_000 });
        assert.ok(![...plc.results.values()].includes(4), `no part was invalid in ${release}`);
        await plc.stop();
      } finally {
        await red.stop();
      }
    }
  });
});
