import assert from 'node:assert/strict';
import { plcSoak } from '../../../nodes/soak.ts';
import { pythonWith } from '../../kit/python.ts';
import { asyncuaPlc, pymodbusPlc } from '../soak.ts';

interface Report {
  ok: boolean;
  parts: number;
  results: { plc: number; both: number };
}

describe('the handshake with clients that are none of ours', function () {
  this.timeout(120_000);

  for (const [name, clients] of [
    ['pymodbus is the PLC while asyncua reads', pymodbusPlc],
    ['asyncua is the PLC while pymodbus reads', asyncuaPlc],
  ] as const) {
    it(`runs 60 parts: ${name}: nothing lost, double, different or in the wrong box`, async function () {
      const python = pythonWith(this, 'asyncua', 'pymodbus');
      const report = await plcSoak({ parts: 60, partsPerMinute: 480, clients: clients(python) });
      const { ok, parts, results } = report as unknown as Report;
      const text = JSON.stringify(report);
      assert.equal(ok, true, text);
      assert.equal(parts, 60, text);
      // a machine that is too slow triggers fewer parts and blows off the rest
      assert.ok(results.plc > 10, text);
      assert.equal(results.both, results.plc, text);
    });
  }
});
