import assert from 'node:assert/strict';
import fc from 'fast-check';
import { seededRandom } from '../../lib/core/random.ts';
import {
  type DefectKind,
  type DrawnDefect,
  defectKinds,
  paintDefect,
  randomDefect,
  touchedCells,
} from '../../lib/learning/sensitivity/painter.ts';

const size = { width: 96, height: 64 };
const grid = { width: 12, height: 8 };

/** A part with texture: stripes and seeded noise about grey 120. */
function part(channels: 1 | 3 = 1): Buffer {
  const random = seededRandom(1);
  return Buffer.from(
    Array.from({ length: size.width * size.height * channels }, (_, i) => {
      const x = Math.floor(i / channels) % size.width;
      return 120 + 15 * Math.sin(x / 4) + 10 * (random() - 0.5);
    }),
  );
}

const defect = (kind: DefectKind, more: Partial<DrawnDefect> = {}): DrawnDefect => ({
  kind,
  x: 48,
  y: 32,
  size: 24,
  contrast: 40,
  angle: 0.5,
  seed: 7,
  ...more,
});

/** Pixels that differ: their box and the mean difference. */
function changes(before: Buffer, after: Buffer, channels = 1) {
  const [xs, ys]: [number[], number[]] = [[], []];
  let sum = 0;
  for (let i = 0; i < before.length; i += channels) {
    if (before[i] === after[i]) continue;
    xs.push((i / channels) % size.width);
    ys.push(Math.floor(i / channels / size.width));
    sum += after[i] - before[i];
  }
  const span = (values: number[]) => (values.length === 0 ? 0 : Math.max(...values) - Math.min(...values) + 1);
  return { count: xs.length, width: span(xs), height: span(ys), mean: sum / Math.max(1, xs.length), xs, ys };
}

describe('drawn defects', () => {
  for (const kind of defectKinds) {
    it(`of kind ${kind} are the same for the same seed and lie where and as large as was asked`, () => {
      const before = part();
      const after = paintDefect(before, size, 1, defect(kind));
      assert.deepEqual(paintDefect(before, size, 1, defect(kind)), after);
      assert.notDeepEqual(paintDefect(before, size, 1, defect(kind, { seed: 8 })), after);
      assert.deepEqual(before, part(), 'the good picture is not painted on');
      const { xs, ys } = changes(before, after);
      const distances = xs.map((x, i) => Math.hypot(x + 0.5 - 48, ys[i] + 0.5 - 32));
      assert.ok(Math.max(...distances) <= 24 * Math.SQRT1_2 + 1);
      let extent = 0;
      for (const [i, x] of xs.entries()) {
        for (const [j, other] of xs.entries()) extent = Math.max(extent, Math.hypot(x - other, ys[i] - ys[j]));
      }
      // The corners of a piece are further apart than its sides are long.
      const most = kind === 'cut-paste' ? 24 * Math.SQRT2 : 24;
      assert.ok(extent > 24 * 0.85 && extent < most + 2, `${extent}`);
    });

    it(`of kind ${kind} have the contrast asked for against what is around them`, () => {
      const flat = Buffer.alloc(size.width * size.height, 100);
      for (const contrast of [40, -40]) {
        const after = paintDefect(flat, size, 1, defect(kind, { contrast, size: 30 }));
        const values = [...after];
        const extreme = contrast > 0 ? Math.max(...values) : Math.min(...values);
        assert.equal(extreme, 100 + contrast);
        assert.ok(contrast > 0 ? Math.min(...values) === 100 : Math.max(...values) === 100);
      }
    });
  }

  it('turn dark where the picture has no room for bright ones', () => {
    const bright = Buffer.alloc(size.width * size.height, 250);
    assert.equal(Math.min(...paintDefect(bright, size, 1, defect('blob'))), 210);
  });

  it('change all colours of a coloured part alike', () => {
    const before = part(3);
    const after = paintDefect(before, size, 3, defect('scratch', { size: 40 }));
    const { count } = changes(before, after, 3);
    assert.ok(count >= 40, `${count}`);
    for (let i = 0; i < before.length; i += 3) {
      const [r, g, b] = [0, 1, 2].map((c) => after[i + c] - before[i + c]);
      assert.ok(Math.abs(r - g) <= 1 && Math.abs(g - b) <= 1);
    }
  });

  it('have soft or antialiased edges: a thin scratch at any angle keeps its weight', () => {
    const flat = Buffer.alloc(size.width * size.height, 100);
    const weight = (angle: number) => {
      const after = paintDefect(flat, size, 1, defect('scratch', { size: 40, angle }));
      return after.reduce((sum, value) => sum + value - 100, 0) / 40;
    };
    const weights = [0, 0.3, 0.8, 1.2, 2.5].map(weight);
    assert.ok(Math.max(...weights) / Math.min(...weights) < 1.1, weights.join(' '));
  });

  it('of missing material lose the texture, of a misplaced piece keep one', () => {
    const before = part();
    const spread = (kind: DefectKind) => {
      const after = paintDefect(before, size, 1, defect(kind, { contrast: 0, angle: 0 }));
      const inside: number[] = [];
      for (let y = 30; y < 34; y++) for (let x = 42; x < 54; x++) inside.push(after[y * size.width + x]);
      return Math.max(...inside) - Math.min(...inside);
    };
    assert.equal(spread('missing'), 0);
    assert.ok(spread('cut-paste') > 10);
  });

  it('stay inside the picture and touch the map cells under them, whatever is drawn', () => {
    const before = part();
    const all = fc.record({
      kind: fc.constantFrom(...defectKinds),
      x: fc.double({ min: -20, max: 120, noNaN: true }),
      y: fc.double({ min: -20, max: 90, noNaN: true }),
      size: fc.double({ min: 0.3, max: 150, noNaN: true }),
      contrast: fc.double({ min: -255, max: 255, noNaN: true }),
      angle: fc.double({ min: 0, max: 7, noNaN: true }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(all, (drawn) => {
        const after = paintDefect(before, size, 1, drawn);
        assert.equal(after.length, before.length);
        const cells = touchedCells(drawn, size, grid);
        assert.ok(cells.length > 0 && cells.every((cell) => cell < 96));
        const touched = new Set(cells);
        const { xs, ys } = changes(before, after);
        const under = xs.filter((x, i) => touched.has(Math.floor(ys[i] / 8) * 12 + Math.floor(x / 8)));
        assert.ok(xs.length === 0 || under.length > 0);
      }),
      { numRuns: 200 },
    );
  });

  it('lie in a region’s cells where one is given, the same for the same random numbers', () => {
    const within = { cells: Uint32Array.of(14, 15, 26), grid };
    const random = seededRandom(3);
    for (let i = 0; i < 50; i++) {
      const { x, y, contrast } = randomDefect('blob', { picture: size, size: 6, contrast: 30, within }, random);
      assert.ok(within.cells.includes(Math.floor(y / 8) * 12 + Math.floor(x / 8)));
      assert.equal(Math.abs(contrast), 30);
    }
    const one = () => randomDefect('smear', { picture: size, size: 6, contrast: 30 }, seededRandom(9));
    assert.deepEqual(one(), one());
  });
});
