import assert from 'node:assert/strict';
import { reason, reasonTable } from '../../lib/core/reasons.ts';

describe('the reasons', () => {
  const table = reasonTable();

  it('have one number each', () => {
    const codes = table.map(({ code }) => code);
    assert.equal(new Set(codes).size, codes.length);
    for (const code of codes) assert.ok(Number.isInteger(code) && code >= 0 && code <= 65535);
  });

  it('have one sentence each, which fits a PLC text list and ends without a stop', () => {
    const texts = table.map(({ text }) => text);
    assert.equal(new Set(texts).size, texts.length);
    for (const text of texts) assert.match(text, /^[A-Z][^\n]{5,79}[^.]$/);
  });

  it('keep the numbers that PLC programs already know', () => {
    const published = {
      none: 0,
      regionFail: 2,
      deadline: 20,
      notValidated: 28,
      restarted: 32,
      offline: 60,
      ringFull: 64,
    };
    for (const [key, code] of Object.entries(published)) {
      assert.equal(table.find((row) => row.key === key)?.code, code, key);
    }
  });

  it('carry a detail after a colon and the measured value beside it', () => {
    const found = reason('regionFail', { view: 'top', roi: 'seam', value: 3.2, limit: 2.5 });
    assert.deepEqual(found, {
      key: 'regionFail',
      code: 2,
      text: 'A region is clearly unlike the good parts',
      view: 'top',
      roi: 'seam',
      value: 3.2,
      limit: 2.5,
    });
    assert.equal(reason('cameraLost', { detail: 'cable' }).text, 'The camera gave no picture: cable');
    assert.equal(reason('cameraLost', { text: 'Other words' }).text, 'Other words');
  });
});
