import assert from 'node:assert/strict';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import { frozenCopy } from '../../lib/station/freeze.ts';

describe('frozenCopy', () => {
  it('is frozen through and through, and hears nothing of what becomes of the original', () => {
    const original = { part: { id: 'A' }, reasons: [{ text: 'dark' }], verdict: null };
    const copy = frozenCopy(original);
    original.part.id = 'B';
    original.reasons[0].text = 'bright';
    original.reasons.push({ text: 'more' });
    assert.deepEqual(copy, { part: { id: 'A' }, reasons: [{ text: 'dark' }], verdict: null });
    for (const level of [copy, copy.part, copy.reasons, copy.reasons[0]]) assert.ok(Object.isFrozen(level));
  });

  it('passes on by reference what cannot change, and what is frozen already', () => {
    const map = new AnomalyMap(1, 1, Buffer.alloc(4));
    const data = Buffer.from('picture');
    const known = Object.freeze({ name: 'main' });
    const copy = frozenCopy({ map, data, known });
    assert.ok(copy.map === map && copy.data === data && copy.known === known);
  });

  it('takes a key that would change what an object is for a key like any other', () => {
    const copy = frozenCopy(JSON.parse('{"__proto__": {"verdict": "pass"}}')) as { verdict?: string };
    assert.equal(copy.verdict, undefined);
    assert.equal(Object.getPrototypeOf(copy), Object.prototype);
    assert.deepEqual(Object.keys(copy), ['__proto__']);
  });
});
