import assert from 'node:assert/strict';
import { plcSoak } from '../../../nodes/soak.ts';

describe('the soak of the PLC’s handshake', function () {
  this.timeout(180_000);

  it('runs 300 parts over Modbus while OPC UA reads the same: nothing lost, double, different or in the wrong box', async () => {
    const report = (await plcSoak({ parts: 300, partsPerMinute: 600 })) as {
      ok: boolean;
      parts: number;
      results: { modbus: number; both: number };
    };
    const text = JSON.stringify(report);
    assert.equal(report.ok, true, text);
    assert.equal(report.parts, 300, text);
    assert.ok(report.results.modbus > 200, text);
    assert.ok(report.results.both > 200, text);
  });
});
