import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeRed, releases } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { PlcWatch } from '../kit/plc-watch.ts';
import { freePort } from '../kit/ports.ts';
import { lineFlow, prepareStation } from '../kit/prepared-station.ts';
import { childrenNamed, isAlive } from '../kit/processes.ts';
import { until } from '../kit/until.ts';

const children = ['camera', 'engine', 'PLC', 'evidence'];

/** Sequences of all records in the station's journal; each line is whole or the test fails. */
function recordedSequences(userDir: string): number[] {
  const journal = join(userDir, 'goodpart/stations/line1/station1/evidence/journal');
  const lines = readdirSync(journal)
    .filter((file) => file.endsWith('.ndjson'))
    .sort()
    .flatMap((file) => readFileSync(join(journal, file), 'utf8').split('\n').filter(Boolean));
  return lines.map((line) => {
    const match = /"sequence":(\d+)/.exec(line);
    assert.ok(match, `a record without a sequence: ${line.slice(0, 200)}`);
    return Number(match[1]);
  });
}

function gaps(sequences: number[]): number[] {
  const sorted = [...sequences].sort((a, b) => a - b);
  return sorted.filter((sequence, index) => index > 0 && sequence !== sorted[index - 1] + 1);
}

for (const release of releases) {
  describe(`a station at work in ${release}`, function () {
    this.timeout(90_000);
    let red: NodeRed;
    let plc: PlcWatch;
    let port: number;

    beforeEach(async () => {
      port = await freePort();
      const userDir = userDirWithCheckout();
      await prepareStation(userDir);
      red = await new NodeRed({ release, userDir }).start();
      plc = new PlcWatch(port);
      await red.deploy(lineFlow(port));
      plc.start();
      await until('results reach the PLC', () => plc.results.size > 5, { timeoutMs: 20_000 });
    });

    afterEach(async () => {
      await plc.stop();
      await red.stop();
    });

    it('keeps engine, camera, endpoint and sequence over full deploys; every part has one verdict and one record', async () => {
      const before = new Map(children.map((name) => [name, childrenNamed(name, red.pid)]));
      for (const [name, pids] of before) assert.equal(pids.length, 1, `${name} is one process`);
      const { bootId, heartbeat } = plc.last ?? assert.fail('nothing read');
      const failures = plc.failures;
      for (let round = 0; round < 4; round++) {
        await red.deploy(lineFlow(port), 'full');
        const { size } = plc.results;
        await until('results after the deploy', () => plc.results.size > size + 3);
      }
      for (const [name, pids] of before) assert.deepEqual(childrenNamed(name, red.pid), pids, `${name} was kept`);
      assert.equal(plc.last?.bootId, bootId);
      assert.equal(plc.failures, failures, 'the PLC’s connection was never lost');
      assert.notEqual(plc.last?.heartbeat, heartbeat);
      assert.deepEqual(plc.contradictions, []);
      assert.deepEqual(gaps([...plc.results.keys()]), []);
      await plc.stop();
      await red.stop();
      const recorded = recordedSequences(red.userDir);
      assert.equal(new Set(recorded).size, recorded.length, 'no record is double');
      assert.deepEqual(gaps(recorded), []);
      for (const sequence of plc.results.keys()) assert.ok(recorded.includes(sequence), `${sequence} has its record`);
      for (const pids of before.values()) for (const pid of pids) assert.equal(isAlive(pid), false, 'no orphan');
    });

    if (release !== 'node-red') return;

    it('is SIGKILLed: the PLC is told, the heartbeat stops, nothing is left, and no sequence comes twice', async () => {
      const pids = children.flatMap((name) => childrenNamed(name, red.pid));
      assert.equal(pids.length, 4);
      await red.kill();
      const told = await until('the PLC process says so', () => (plc.last && plc.last.fault >= 500 ? plc.last : null));
      assert.equal(told.status & 1, 0, 'not ready');
      assert.equal(told.status & (1 << 8), 1 << 8, 'fault');
      assert.notEqual(told.code, 1, 'never a pass');
      const { heartbeat } = told;
      await until('every child is gone', () => !pids.some(isAlive), { timeoutMs: 15_000 });
      assert.equal(plc.last?.heartbeat, heartbeat, 'the heartbeat stood still');
      const seen = new Set(plc.results.keys());
      const highest = Math.max(...seen);

      await red.start();
      await until('new results', () => [...plc.results.keys()].filter((sequence) => sequence > highest).length > 3, {
        timeoutMs: 30_000,
      });
      assert.deepEqual(plc.contradictions, []);
      assert.notEqual(plc.last?.bootId, told.bootId);
      await plc.stop();
      await red.stop();
      const recorded = recordedSequences(red.userDir);
      assert.equal(new Set(recorded).size, recorded.length, 'no sequence was used twice');
    });

    it('hangs: the heartbeat stops and the PLC is told, and afterwards the ledger says the same', async () => {
      process.kill(red.pid, 'SIGSTOP');
      try {
        const told = await until('the PLC process says so', () =>
          plc.last && plc.last.fault >= 500 ? plc.last : null,
        );
        assert.equal(told.status & 1, 0);
        assert.notEqual(told.code, 1);
      } finally {
        process.kill(red.pid, 'SIGCONT');
      }
      await until('it is well again', () => plc.last && plc.last.fault === 0 && plc.last.status & 1);
      const { size } = plc.results;
      await until('new results', () => plc.results.size > size + 3);
      assert.deepEqual(plc.contradictions, [], 'no result changed after it was told');
    });
  });
}
