import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Roi, ScoreResult } from '../../lib/core/inspection.ts';
import { judgeView } from '../../lib/rules/judge.ts';
import { region, scored } from './kit.ts';

const left: Roi['polygon'] = [
  [0, 0],
  [0.5, 0],
  [0.5, 1],
  [0, 1],
];
const right: Roi['polygon'] = [
  [0.5, 0],
  [1, 0],
  [1, 1],
  [0.5, 1],
];

const judge = (score: ScoreResult, rois: Roi[]) => judgeView({ score, rois, viewName: 'top' });

describe('rules: a view’s verdict', () => {
  const table: [string, number, string, number][] = [
    ['a typical good part', 0, 'pass', 0],
    ['exactly at the warning limit', 1, 'pass', 0.5],
    ['just above it', 1.5, 'warn', 0.75],
    ['exactly at the limit', 2, 'warn', 1],
    ['above the limit', 3, 'fail', 1.5],
    ['below the median', -1, 'pass', -0.5],
  ];
  for (const [name, value, verdict, severity] of table) {
    it(`says ${verdict} with severity ${severity} ${name}`, () => {
      const judged = judge(scored([value, -5, -5, -5]), [region()]);
      assert.equal(judged.verdict, verdict);
      assert.equal(judged.severity, severity);
      assert.equal(judged.reasons.length, verdict === 'pass' ? 0 : 1);
    });
  }

  it('takes the worst region for the view and lists the worst first, in words', () => {
    const judged = judge(scored([1.5, 4, 0, 0]), [
      region({ index: 3, name: 'seal', polygon: left }),
      region({ index: 7, name: 'rim', polygon: right }),
    ]);
    assert.equal(judged.verdict, 'fail');
    assert.equal(judged.severity, 2);
    assert.deepEqual(
      judged.rois.map((roi) => [roi.index, roi.verdict]),
      [
        [3, 'warn'],
        [7, 'fail'],
      ],
    );
    assert.deepEqual(
      judged.reasons.map((reason) => [reason.code, reason.roi, reason.view, reason.value, reason.limit]),
      [
        [2, 'rim', 'top', 4, 2],
        [1, 'seal', 'top', 1.5, 1],
      ],
    );
    assert.equal(judged.reasons[0].text, 'Region "rim" is clearly unlike the good parts: value 4, limit 2');
  });

  it('gives an area in percent', () => {
    const [why] = judge(scored([9, 9, 0, 0]), [
      region({ measure: 'area', areaAbove: 5, warn: 0.1, fail: 0.25 }),
    ]).reasons;
    assert.match(why.text, /unusual area 50 %, limit 25 %/);
  });

  it('does not see what an ignore region hides, not even a NaN', () => {
    const hidden = region({ index: 0, mode: 'ignore', name: 'label', polygon: right });
    assert.equal(judge(scored([0, 9, 0, 9], 2, 9), [region(), hidden]).verdict, 'pass');
    assert.equal(judge(scored([0, Number.NaN, 0, 9], 2, 9), [region(), hidden]).verdict, 'pass');
  });

  const invalid: [string, ScoreResult, Roi[], string][] = [
    ['the score is NaN', scored([0, 0, 0, 0], 2, Number.NaN), [region()], 'scoreNotFinite'],
    ['the score is infinite', scored([0, 0, 0, 0], 2, Number.POSITIVE_INFINITY), [region()], 'scoreNotFinite'],
    ['one cell of the region is NaN', scored([0, 0, Number.NaN, 0], 2, 0), [region()], 'scoreNotFinite'],
    ['there is no region', scored([0, 0, 0, 0]), [], 'noInspectRegion'],
    ['there are only ignore regions', scored([0, 0, 0, 0]), [region({ mode: 'ignore' })], 'noInspectRegion'],
    [
      'an ignore region hides all',
      scored([0, 0, 0, 0]),
      [
        region(),
        region({
          mode: 'ignore',
          polygon: [
            [0, 0],
            [1, 0],
            [1, 1],
            [0, 1],
          ],
        }),
      ],
      'noInspectRegion',
    ],
    ['the model gives no map for a drawn region', scored(null, 1, 0), [region({ polygon: left })], 'noInspectRegion'],
    ['a limit is NaN', scored([0, 0, 0, 0]), [region({ fail: Number.NaN })], 'notValidated'],
    ['fail is below warn', scored([0, 0, 0, 0]), [region({ warn: 3 })], 'notValidated'],
    ['fail is not above the median', scored([0, 0, 0, 0]), [region({ median: 2, warn: 2 })], 'notValidated'],
  ];
  for (const [name, score, rois, key] of invalid) {
    it(`is invalid where ${name}`, () => {
      const judged = judge(score, rois);
      assert.equal(judged.verdict, 'invalid');
      assert.equal(judged.severity, null);
      assert.equal(judged.reasons[0].key, key);
    });
  }

  it('judges a model without a map by its score', () => {
    assert.equal(judge(scored(null, 1, 1.5), [region()]).verdict, 'warn');
    assert.equal(judge(scored(null, 1, 2.5), [region()]).verdict, 'fail');
  });

  it('never passes anything that is not finite, and severity 1 always parts fail from the rest', () => {
    const number = fc.integer({ min: -800, max: 800 }).map((eighths) => eighths / 8);
    const cell = fc.oneof({ weight: 12, arbitrary: number }, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY));
    fc.assert(
      fc.property(fc.array(cell, { minLength: 4, maxLength: 4 }), number, number, number, (cells, a, b, c) => {
        const [median, warn, fail] = [a, b, c].toSorted((x, y) => x - y);
        const judged = judge(scored(cells, 2, 0), [region({ median, warn, fail })]);
        const usable = cells.every((value) => Number.isFinite(Math.fround(value))) && fail > median;
        assert.equal(judged.verdict === 'invalid', !usable);
        if (judged.severity !== null) assert.equal(judged.verdict === 'fail', judged.rois[0].value > fail);
        if (judged.verdict === 'fail') assert.ok((judged.severity ?? 0) >= 1);
        if (judged.verdict === 'pass') assert.ok(judged.rois.every((roi) => roi.value <= warn));
      }),
      { numRuns: 500 },
    );
  });
});
