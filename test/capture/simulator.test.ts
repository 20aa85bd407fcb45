import assert from 'node:assert/strict';
import fc from 'fast-check';
import { defectKinds } from '../../lib/capture/simulated-defect.ts';
import { PartDrawer } from '../../lib/capture/simulated-part.ts';

const size = { width: 320, height: 240 };

function meanDifference(a: Buffer, b: Buffer, keep: (x: number, y: number) => boolean): number {
  let sum = 0;
  let count = 0;
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      if (!keep(x / size.width, y / size.height)) continue;
      for (let k = 0; k < 3; k++) {
        const i = (y * size.width + x) * 3 + k;
        sum += Math.abs(a[i] - b[i]);
        count += 1;
      }
    }
  }
  return sum / count;
}

describe('the simulated line', () => {
  it('draws the same part for the same seed and number, in whatever order', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.integer({ min: 1, max: 1_000_000 }), (seed, number) => {
        const one = new PartDrawer({ width: 64, height: 64, seed, defectRate: 0.5 });
        const other = new PartDrawer({ width: 64, height: 64, seed, defectRate: 0.5 });
        const drawn = one.draw(number);
        other.draw(number + 1);
        const again = other.draw(number);
        assert.ok(drawn.data.equals(again.data));
        assert.deepEqual([drawn.truth, drawn.spot], [again.truth, again.spot]);
      }),
      { numRuns: 20 },
    );
  });

  it('draws no two parts alike, and another sequence for another seed', () => {
    const one = new PartDrawer({ ...size, seed: 1, defectRate: 0 });
    const other = new PartDrawer({ ...size, seed: 2, defectRate: 0 });
    assert.ok(!one.draw(1).data.equals(one.draw(2).data));
    assert.ok(!one.draw(1).data.equals(other.draw(1).data));
  });

  it('keeps good parts alike: still up to a pixel, light within 2 %, noise', () => {
    const drawer = new PartDrawer({ ...size, seed: 3, defectRate: 0 });
    const first = drawer.draw(1).data;
    for (let n = 2; n < 12; n++) {
      const difference = meanDifference(first, drawer.draw(n).data, () => true);
      assert.ok(difference > 1 && difference < 9, `${difference}`);
    }
  });

  it('draws defects at the configured rate, all kinds of them', () => {
    const drawer = new PartDrawer({ width: 64, height: 64, seed: 5, defectRate: 0.1 });
    const counts = new Map<string, number>();
    for (let n = 1; n <= 1_000; n++) {
      const { truth } = drawer.draw(n);
      counts.set(truth, (counts.get(truth) ?? 0) + 1);
    }
    const good = counts.get('good') ?? 0;
    assert.ok(good > 860 && good < 940, `${good}`);
    for (const kind of defectKinds) assert.ok((counts.get(kind) ?? 0) > 10, kind);
  });

  it('shows each defect where it says it is, clearly, and nowhere else', () => {
    const all = new PartDrawer({ ...size, seed: 9, defectRate: 1 });
    const none = new PartDrawer({ ...size, seed: 9, defectRate: 0 });
    const seen = new Set<string>();
    for (let n = 1; n <= 40; n++) {
      const { data, truth, spot } = all.draw(n);
      assert.ok(spot !== null);
      // the same lighting cannot be had without the defect: compare with several good ones
      const inside = (x: number, y: number) =>
        Math.abs(x - spot.x) <= spot.halfWidth && Math.abs(y - spot.y) <= spot.halfHeight;
      const goods = [1, 2, 3, 4].map((i) => none.draw(i).data);
      const own = Math.min(...goods.map((good) => meanDifference(data, good, inside)));
      const typical = Math.max(...goods.slice(1).map((good) => meanDifference(goods[0], good, inside)));
      const rest = Math.min(...goods.map((good) => meanDifference(data, good, (x, y) => !inside(x, y))));
      assert.ok(rest < 9, `${truth} changed the rest: ${rest}`);
      if (own > typical) seen.add(truth);
    }
    assert.deepEqual([...seen].sort(), [...defectKinds].sort());
  });
});
