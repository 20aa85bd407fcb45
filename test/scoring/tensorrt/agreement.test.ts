import assert from 'node:assert/strict';
import type { RawScore } from '../../../lib/scoring/fit.ts';
import { parseModel } from '../../../lib/scoring/model-schema.ts';
import { agreementOf, shownAgreement } from '../../../lib/scoring/tensorrt/agreement.ts';
import { describeTiny } from '../tiny-models.ts';

const model = (median: number, fail: number) =>
  parseModel({
    ...describeTiny({ calibration: { median, warn: fail, fail, scores: [], method: 'made up' } }),
    ...{ schema: 1, sha256: '0'.repeat(64) },
  });
const raw = (score: number, cells?: number[]): RawScore => ({
  score,
  map: cells ? { width: cells.length, height: 1, values: Float32Array.from(cells) } : null,
});

describe('agreement of two engines', () => {
  it('counts in severity: up to 1 % of the way from median to limit', () => {
    const compare = (received: number) => agreementOf(model(10, 20), [raw(10), raw(12)], [raw(10), raw(received)]);
    assert.deepEqual(compare(12.09)?.agrees, true);
    const worse = compare(12.2);
    assert.deepEqual([worse?.agrees, worse?.where, worse?.frame], [false, 'score', 1]);
    assert.equal(worse && shownAgreement(worse), 'score of reference frame 2 of 2 2.0 % of severity apart');
  });

  it('looks at every cell: a map that is off away from its maximum judges regions otherwise', () => {
    const found = agreementOf(model(10, 20), [raw(12, [3, 12, 4])], [raw(12, [3, 12, 4.5])]);
    assert.deepEqual([found?.agrees, found?.where], [false, 'map']);
  });

  it('counts a map in units of its own by its span', () => {
    const compare = (cell: number) => agreementOf(model(0.2, 0.8), [raw(0.3, [0, 100])], [raw(0.3, [cell, 100])]);
    assert.equal(compare(0.9)?.agrees, true);
    assert.equal(compare(1.1)?.agrees, false);
  });

  it('takes a number against none for a difference, and none against none for none', () => {
    const compare = (a: RawScore, b: RawScore) => agreementOf(model(10, 20), [a], [b]);
    assert.equal(compare(raw(Number.NaN), raw(Number.NaN))?.agrees, true);
    for (const other of [12, Number.POSITIVE_INFINITY]) {
      const found = compare(raw(Number.NaN), raw(other));
      assert.equal(found?.agrees, false);
      assert.match(found ? shownAgreement(found) : '', /without a number/);
    }
    assert.equal(compare(raw(12, [12, Number.NaN]), raw(12, [12, 5]))?.agrees, false);
    assert.equal(compare(raw(12, [12, Number.NaN]), raw(12, [12, Number.NaN]))?.agrees, true);
    assert.equal(compare(raw(12, [12]), raw(12))?.agrees, false);
  });

  it('says nothing without frames or without a limit above the median', () => {
    assert.equal(agreementOf(model(10, 20), [], []), null);
    assert.equal(agreementOf(model(10, 10), [raw(1)], [raw(1)]), null);
  });
});
