import assert from 'node:assert/strict';
import { coverageOf } from '../../lib/learning/pictures/coverage.ts';

const frames = (count: number, about: { shift?: string; lot?: string; nest?: string }) =>
  Array.from({ length: count }, () => about);

describe('what good frames cover', () => {
  it('is complete where every declared shift, lot and nest was seen often enough', () => {
    const seen = [...frames(5, { shift: 'early', nest: '1' }), ...frames(9, { shift: 'late', nest: '2' })];
    const { provisional, missing, unknown } = coverageOf(seen, { shifts: ['early', 'late'], nests: ['1', '2'] });
    assert.deepEqual({ provisional, missing, unknown }, { provisional: [], missing: [], unknown: [] });
  });

  it('names what was not seen, and what was seen too rarely', () => {
    const seen = [...frames(20, { shift: 'early' }), ...frames(1, { shift: 'late' }), ...frames(4, { shift: 'night' })];
    const { provisional, missing } = coverageOf(seen, { shifts: ['early', 'late', 'night', 'weekend'] });
    assert.deepEqual(provisional, [
      'The model has seen only 1 frame of shift "late"; it needs at least 5.',
      'The model has seen only 4 frames of shift "night"; it needs at least 5.',
      'The model has seen no frame of shift "weekend"; it needs at least 5.',
    ]);
    assert.deepEqual(
      missing.map(({ value, frames: count }) => [value, count]),
      [
        ['late', 1],
        ['night', 4],
        ['weekend', 0],
      ],
    );
  });

  it('takes a number where the names are not known beforehand', () => {
    const seen = [...frames(6, { lot: 'A7' }), ...frames(5, { lot: 'B1' }), ...frames(2, { lot: 'C3' })];
    assert.deepEqual(coverageOf(seen, { lots: 2 }).provisional, []);
    assert.deepEqual(coverageOf(seen, { lots: 3 }).provisional, [
      'The model has seen only 2 lots of the 3 declared with at least 5 frames each.',
    ]);
    assert.deepEqual(coverageOf(frames(30, {}), { lots: 1 }).provisional, [
      'The model has seen no lot of the 1 declared with at least 5 frames each.',
    ]);
  });

  it('counts what was seen without having been declared, and asks for nothing then', () => {
    const { counts, provisional, unknown } = coverageOf([...frames(3, { nest: '2' }), ...frames(1, { nest: '1' }), {}]);
    assert.deepEqual(counts, [
      { attribute: 'nest', value: '1', frames: 1, declared: false },
      { attribute: 'nest', value: '2', frames: 3, declared: false },
    ]);
    assert.deepEqual([provisional, unknown], [[], []]);
  });

  it('says of how many frames a declared attribute is not known', () => {
    const { unknown } = coverageOf([...frames(6, { shift: 'early' }), ...frames(4, {}), { shift: '' }], {
      shifts: ['early'],
    });
    assert.deepEqual(unknown, [{ attribute: 'shift', frames: 5 }]);
  });

  it('counts a name that was declared twice once', () => {
    const { counts } = coverageOf(frames(6, { lot: 'A' }), { lots: ['A', 'A'] });
    assert.equal(counts.length, 1);
  });
});
