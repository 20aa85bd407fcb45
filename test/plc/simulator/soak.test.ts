import assert from 'node:assert/strict';
import { plcSoak } from '../../../nodes/soak.ts';

describe('the soak of the PLC’s handshake', function () {
  this.timeout(180_000);

  it('runs 80 parts over Modbus while OPC UA reads the same: nothing lost, double, different or in the wrong box', async () => {
    const report = (await plcSoak({ parts: 80, partsPerMinute: 480 })) as {
      ok: boolean;
      parts: number;
      results: { modbus: number; both: number };
    };
    const text = JSON.stringify(report);
    assert.equal(report.ok, true, text);
    assert.equal(report.parts, 80, text);
    // a machine that is too slow triggers fewer parts and blows off the rest
    assert.ok(report.results.modbus > 10, text);
    assert.equal(report.results.both, report.results.modbus, text);
  });
});
