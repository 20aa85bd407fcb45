import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Polygon, Roi } from '../../lib/core/inspection.ts';
import { rasterise, regionCells } from '../../lib/rules/mask.ts';
import { wholeFrame, wholeFrameRoi } from '../../lib/rules/polygon.ts';

const drawn = (polygon: Polygon, width: number, height: number, rule?: 'touched' | 'centred') => {
  const cells = new Set(rasterise(polygon, width, height, rule));
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (cells.has(y * width + x) ? '#' : '.')).join(''),
  );
};

describe('rules: mask', () => {
  it('fills the whole map for the whole frame', () => {
    assert.equal(rasterise(wholeFrame, 7, 5).length, 35);
    assert.equal(rasterise(wholeFrame, 1, 1).length, 1);
  });

  it('takes no neighbour for a side drawn along a cell border', () => {
    for (const size of [3, 7, 10, 64, 100]) {
      for (let from = 0; from < size; from++) {
        const [a, b] = [from / size, (from + 1) / size];
        assert.deepEqual(
          [
            ...rasterise(
              [
                [a, a],
                [b, a],
                [b, b],
                [a, b],
              ],
              size,
              size,
            ),
          ],
          [from * size + from],
        );
      }
    }
  });

  it('inspects every cell that the polygon touches', () => {
    assert.deepEqual(
      drawn(
        [
          [0.3, 0.3],
          [0.7, 0.3],
          [0.7, 0.7],
          [0.3, 0.7],
        ],
        4,
        4,
      ),
      ['....', '.##.', '.##.', '....'],
    );
    assert.deepEqual(
      drawn(
        [
          [0.2, 0.2],
          [0.8, 0.2],
          [0.8, 0.8],
          [0.2, 0.8],
        ],
        4,
        4,
      ),
      ['####', '####', '####', '####'],
    );
  });

  it('ignores only cells whose centre is inside', () => {
    const square: Polygon = [
      [0.2, 0.2],
      [0.8, 0.2],
      [0.8, 0.8],
      [0.2, 0.8],
    ];
    assert.deepEqual(drawn(square, 4, 4, 'centred'), ['....', '.##.', '.##.', '....']);
  });

  it('leaves no gap in a seam thinner than a cell', () => {
    const seam: Polygon = [
      [0.01, 0.02],
      [0.99, 0.98],
      [0.99, 0.981],
      [0.01, 0.021],
    ];
    const rows = drawn(seam, 16, 16);
    for (const [y, row] of rows.entries()) assert.equal(row[y], '#', `row ${y}: ${row}`);
  });

  it('keeps the hole of a concave shape free', () => {
    const u: Polygon = [
      [0, 0],
      [0.25, 0],
      [0.25, 0.75],
      [0.75, 0.75],
      [0.75, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ];
    assert.deepEqual(drawn(u, 4, 4), ['#..#', '#..#', '#..#', '####']);
  });

  it('has at least one cell, all on the map, and every cell that holds a point of the polygon', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    const triangle = fc.tuple(fc.tuple(unit, unit), fc.tuple(unit, unit), fc.tuple(unit, unit));
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(triangle, size, size, unit, unit, (corners, width, height, s, t) => {
        const cells = rasterise(corners, width, height);
        assert.ok(cells.length >= 1);
        assert.ok(cells.every((cell, i) => cell < width * height && (i === 0 || cell > cells[i - 1])));
        // A random point of the triangle, unless it lies too near to a cell border to say whose it is.
        const [u, v] = s + t > 1 ? [1 - s, 1 - t] : [s, t];
        const at = (axis: 0 | 1) =>
          corners[0][axis] + u * (corners[1][axis] - corners[0][axis]) + v * (corners[2][axis] - corners[0][axis]);
        const [x, y] = [at(0) * width, at(1) * height];
        const clear = (value: number) => Math.abs(value - Math.round(value)) > 1e-5;
        if (clear(x) && clear(y)) assert.ok(cells.includes(Math.floor(y) * width + Math.floor(x)));
      }),
      { numRuns: 500 },
    );
  });

  it('takes ignore regions out, down to nothing', () => {
    const part: Roi = wholeFrameRoi({ median: 0, warn: 1, fail: 2 });
    const half: Roi = {
      ...part,
      index: 0,
      mode: 'ignore',
      polygon: [
        [0, 0],
        [0.5, 0],
        [0.5, 1],
        [0, 1],
      ],
    };
    assert.deepEqual([...regionCells(part, [half], 4, 2)], [2, 3, 6, 7]);
    assert.equal(regionCells(part, [{ ...part, mode: 'ignore', index: 0, polygon: [...wholeFrame] }], 4, 2).length, 0);
  });

  it('does not mistake a redrawn polygon for the one it remembers', () => {
    const roi: Roi = { ...wholeFrameRoi({ median: 0, warn: 1, fail: 2 }), polygon: wholeFrame.map(([x, y]) => [x, y]) };
    assert.equal(regionCells(roi, [], 4, 4).length, 16);
    roi.polygon[2] = [1, 0.5];
    roi.polygon[3] = [0, 0.5];
    assert.equal(regionCells(roi, [], 4, 4).length, 8);
  });
});
