import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GoodpartError } from '../../lib/core/errors.ts';
import type { Polygon, Roi } from '../../lib/core/inspection.ts';
import { checkPolygon, checkRois, polygonArea, wholeFrame, wholeFrameRoi } from '../../lib/rules/polygon.ts';

const refused = (run: () => void): GoodpartError => {
  try {
    run();
  } catch (error) {
    assert.ok(GoodpartError.is(error));
    assert.equal(error.code, 'GP_CONFIG_INVALID');
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was refused' });
};

describe('rules: polygon', () => {
  const good: [string, Polygon][] = [
    ['the whole frame', wholeFrame],
    [
      'a triangle',
      [
        [0.1, 0.1],
        [0.9, 0.1],
        [0.5, 0.8],
      ],
    ],
    [
      'a concave arrow',
      [
        [0.1, 0.1],
        [0.5, 0.4],
        [0.9, 0.1],
        [0.5, 0.9],
      ],
    ],
    [
      'corners along a straight side',
      [
        [0, 0],
        [0.5, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
    ],
    [
      'clockwise and counter-clockwise alike',
      [
        [0.1, 0.1],
        [0.1, 0.9],
        [0.9, 0.9],
        [0.9, 0.1],
      ],
    ],
  ];
  for (const [name, polygon] of good) {
    it(`takes ${name}`, () => checkPolygon(polygon, 'polygon'));
  }

  const bad: [string, unknown, RegExp][] = [
    [
      'a self-crossing bow tie',
      [
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
      ],
      /does not cross or touch itself for roi/,
    ],
    [
      'a star drawn in one line',
      [
        [0.5, 0],
        [0.8, 1],
        [0, 0.4],
        [1, 0.4],
        [0.2, 1],
      ],
      /cross or touch/,
    ],
    [
      'a corner touching another side',
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0.5, 0],
        [0, 1],
      ],
      /cross or touch/,
    ],
    [
      'a side running back over itself',
      [
        [0, 0],
        [1, 0],
        [0.5, 0],
        [0.5, 1],
      ],
      /cross or touch/,
    ],
    [
      'the same corner twice',
      [
        [0, 0],
        [0, 0],
        [1, 0],
        [1, 1],
      ],
      /cross or touch/,
    ],
    [
      'two corners',
      [
        [0, 0],
        [1, 1],
      ],
      /3 to 256 corners for roi/,
    ],
    ['no list', 'all', /but received "all"/],
    [
      'a corner outside the frame',
      [
        [0, 0],
        [1.01, 0],
        [1, 1],
      ],
      /from 0 to 1 for roi\[1\] but received "1.01, 0"/,
    ],
    [
      'a NaN corner',
      [
        [0, 0],
        [Number.NaN, 0],
        [1, 1],
      ],
      /roi\[1\]/,
    ],
    [
      'an infinite corner',
      [
        [0, 0],
        [1, 0],
        [1, Number.POSITIVE_INFINITY],
      ],
      /roi\[2\]/,
    ],
    [
      'a corner of three numbers',
      [
        [0, 0, 0],
        [1, 0],
        [1, 1],
      ],
      /roi\[0\]/,
    ],
    [
      'corners on one line',
      [
        [0, 0],
        [0.5, 0.5],
        [1, 1],
      ],
      /cross or touch|an area/,
    ],
    ['300 corners', Array.from({ length: 300 }, () => [0, 0]), /3 to 256/],
  ];
  for (const [name, polygon, message] of bad) {
    it(`refuses ${name} in one clear sentence`, () => {
      assert.match(refused(() => checkPolygon(polygon, 'roi')).message, message);
    });
  }

  it('takes any convex polygon, and refuses it with two corners swapped', () => {
    const angles = fc.uniqueArray(fc.integer({ min: 0, max: 359 }), { minLength: 4, maxLength: 12 });
    fc.assert(
      fc.property(angles, (degrees) => {
        const corners = degrees
          .toSorted((a, b) => a - b)
          .map((d): [number, number] => [
            0.5 + 0.4 * Math.cos((d * Math.PI) / 180),
            0.5 + 0.4 * Math.sin((d * Math.PI) / 180),
          ]);
        checkPolygon(corners, 'roi');
        const swapped = corners.with(1, corners[2]).with(2, corners[1]);
        refused(() => checkPolygon(swapped, 'roi'));
      }),
      { numRuns: 300 },
    );
  });

  it('knows areas', () => {
    assert.equal(polygonArea(wholeFrame), 1);
    assert.ok(
      Math.abs(
        polygonArea([
          [0, 0],
          [0.5, 0],
          [0, 0.5],
        ]) - 0.125,
      ) < 1e-12,
    );
  });
});

describe('rules: regions as configured', () => {
  const roi = (more: Partial<Roi> = {}): Roi => ({ ...wholeFrameRoi({ median: 1, warn: 2, fail: 3 }), ...more });
  const cases: [string, unknown, string][] = [
    ['fail below warn', [roi({ fail: 1.5 })], 'rois[0].fail'],
    ['warn below the median', [roi({ warn: 0.5 })], 'rois[0].warn'],
    ['fail equal to the median', [roi({ median: 1, warn: 1, fail: 1 })], 'rois[0].fail'],
    ['a NaN threshold', [roi({ warn: Number.NaN })], 'rois[0].warn'],
    ['an infinite threshold', [roi({ fail: Number.POSITIVE_INFINITY })], 'rois[0].fail'],
    ['a text as threshold', [{ ...roi(), median: '1' }], 'rois[0].median'],
    ['region number 17', [roi({ index: 17 })], 'rois[0].index'],
    ['region number 0 to inspect', [roi({ index: 0 })], 'rois[0].index'],
    ['one number twice', [roi(), roi()], 'rois[1].index'],
    ['a numbered ignore region', [roi({ mode: 'ignore', index: 2 })], 'rois[0].index'],
    ['measure area without a value', [roi({ measure: 'area' })], 'rois[0].areaAbove'],
    ['measure area above NaN', [roi({ measure: 'area', areaAbove: Number.NaN })], 'rois[0].areaAbove'],
    ['an unknown measure', [{ ...roi(), measure: 'mean' }], 'rois[0].measure'],
    ['an unknown mode', [{ ...roi(), mode: 'exclude' }], 'rois[0].mode'],
    ['no name', [roi({ name: '' })], 'rois[0].name'],
    ['a region that is nothing', [null], 'rois[0]'],
    ['no list', {}, 'rois'],
  ];
  for (const [name, rois, field] of cases) {
    it(`refuses ${name}, naming the field`, () => {
      const error = refused(() => checkRois(rois));
      assert.equal(error.field, field);
      assert.match(error.message, /^Expected .+ for .+ but received /);
    });
  }

  it('does not look at the limits of an ignore region', () => {
    checkRois([roi(), roi({ mode: 'ignore', index: 0, warn: Number.NaN, name: 'label' })]);
  });
});
