import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Registration } from '../../lib/core/inspection.ts';
import { seededRandom } from '../../lib/core/random.ts';
import {
  hasCommonLayout,
  makeReference,
  type PreparedReference,
  prepareReference,
  proposeMinAgreement,
  type ReferencePicture,
  register,
  withinLimits,
} from '../../lib/imaging/registration.ts';
import { bracket, type Lying, photograph } from './moved-part.ts';

const size = { width: 160, height: 128 };
const limits = { maxShift: 0.06, maxRotation: 5 };
const good = (count: number, lying: Lying = {}) =>
  Array.from({ length: count }, (_, seed) => ({
    pixels: photograph(size, { noise: 3, seed, ...lying }),
    ...size,
    channels: 1 as const,
  }));
const prepared = (reference: ReferencePicture, changes: Partial<typeof limits & { minAgreement: number }> = {}) =>
  prepareReference({ reference, ...limits, minAgreement: 0.5, ...changes });

/** Largest distance between where the part is said to lie and where it lies, over the frame, in pixels of the picture. */
function off(found: Registration, { dx = 0, dy = 0, rotation = 0 }: Lying): number {
  const place = (x: number, y: number, o: { dx: number; dy: number; rotation: number }) => {
    const angle = (o.rotation * Math.PI) / 180;
    return [
      Math.cos(angle) * x - Math.sin(angle) * y + o.dx * size.width,
      Math.sin(angle) * x + Math.cos(angle) * y + o.dy * size.height,
    ];
  };
  const corners = [-1, 1].flatMap((x) => [-1, 1].map((y) => [(x * size.width) / 2, (y * size.height) / 2]));
  return Math.max(
    ...corners.map(([x, y]) => {
      const [ax, ay] = place(x, y, found);
      const [bx, by] = place(x, y, { dx, dy, rotation });
      return Math.hypot(ax - bx, ay - by);
    }),
  );
}

describe('register', () => {
  let reference: ReferencePicture;
  let still: PreparedReference;
  before(() => {
    reference = makeReference(good(6), limits);
    still = prepared(reference);
  });

  it('finds a part shifted by 6 % and turned by 5° to a third of a pixel, whatever the light and the noise', () => {
    const random = seededRandom(3);
    const within = (most: number) => (2 * random() - 1) * most;
    for (let i = 0; i < 40; i++) {
      const lying = {
        dx: within(0.06),
        dy: within(0.06),
        rotation: within(5),
        gain: 1 + within(0.2),
        noise: 4,
        seed: 100 + i,
      };
      const found = register(photograph(size, lying), size, 1, still);
      assert.ok(off(found, lying) < 0.34, `${off(found, lying)} pixels off, ${JSON.stringify({ lying, found })}`);
      assert.ok(found.agreement > 0.9 && found.agreement <= 1, String(found.agreement));
    }
  });

  it('says right, down and clockwise as positive', () => {
    const found = register(photograph(size, { dx: 0.04, dy: 0.02, rotation: 3 }), size, 1, still);
    assert.ok(Math.abs(found.dx - 0.04) < 0.003 && Math.abs(found.dy - 0.02) < 0.003, JSON.stringify(found));
    assert.ok(Math.abs(found.rotation - 3) < 0.15, JSON.stringify(found));
  });

  it('takes colour pictures', () => {
    const grey = photograph(size, { dx: -0.03 });
    const colour = Buffer.from([...grey].flatMap((value) => [value, value * 0.8, value * 0.5]));
    const found = register(colour, size, 3, still);
    assert.ok(off(found, { dx: -0.03 }) < 0.3, JSON.stringify(found));
  });

  it('sees a turn as a turn in a picture that was stretched to a square', () => {
    const square = { width: 128, height: 128 };
    const aspect = 1.6;
    const pictures = Array.from({ length: 5 }, (_, seed) => {
      return { pixels: photograph(square, { noise: 3, seed }, aspect), ...square, channels: 1 as const };
    });
    const wide = prepared(makeReference(pictures, { ...limits, aspect }));
    assert.ok(Math.abs(wide.aspect - aspect) < 0.05);
    for (const rotation of [-5, 5]) {
      const found = register(photograph(square, { rotation, dx: 0.02 }, aspect), square, 1, wide);
      assert.ok(Math.abs(found.rotation - rotation) < 0.2, JSON.stringify(found));
      assert.ok(Math.abs(found.dx - 0.02) < 0.004 && Math.abs(found.dy) < 0.004, JSON.stringify(found));
      assert.ok(found.agreement > 0.97, JSON.stringify(found));
    }
  });

  it('measures a part far beyond the limits, which is then outside of them', () => {
    for (const lying of [{ dx: 0.16 }, { dy: -0.12, rotation: 2 }, { rotation: 8 }]) {
      const found = register(photograph(size, lying), size, 1, still);
      assert.ok(off(found, lying) < 1.5, `${off(found, lying)} pixels off, ${JSON.stringify(found)}`);
      assert.equal(withinLimits(found, still.limits), false);
    }
  });

  it('does not take a frame without the part for one', () => {
    const random = seededRandom(5);
    const noise = Buffer.from(Array.from({ length: size.width * size.height }, () => 90 + Math.floor(random() * 40)));
    const table = photograph(size, { noise: 3, scene: (x, y) => 40 + 6 * Math.sin(5 * x + 2 * y) });
    const discs = photograph(size, {
      noise: 3,
      scene: (x, y) => 60 + 90 * Number(Math.cos(11 * x) * Math.cos(7 * y) > 0.3),
    });
    for (const [what, pixels] of Object.entries({ noise, table, discs, black: Buffer.alloc(noise.length) })) {
      const found = register(pixels, size, 1, still);
      assert.ok(found.agreement < 0.5 && !withinLimits(found, still.limits), `${what} ${JSON.stringify(found)}`);
    }
  });

  it('still finds a part that has a large defect, so that it can fail', () => {
    const broken = (x: number, y: number) => (x > 0.2 ? 36 : bracket(x, y));
    const found = register(photograph(size, { dx: 0.04, noise: 3, scene: broken }), size, 1, still);
    assert.ok(withinLimits(found, still.limits), JSON.stringify(found));
    assert.ok(off(found, { dx: 0.04 }) < 1.5, JSON.stringify(found));
  });

  it('takes the nearest of many equal places for a repetitive part', () => {
    const grid = (x: number, y: number) => 100 + 50 * Math.sign(Math.sin(30 * x)) * Math.sign(Math.sin(30 * y));
    const repetitive = prepared(makeReference(good(4, { scene: grid }), limits));
    const lying = { dx: 0.02, dy: -0.015, scene: grid, noise: 3 };
    const found = register(photograph(size, lying), size, 1, repetitive);
    assert.ok(off(found, lying) < 0.5, JSON.stringify(found));
  });

  it('leaves alone what the part does not show: the place along a rail, the turn of a disc', () => {
    const rail = (_: number, y: number) => 60 + 120 * Number(Math.abs(y - 0.1) < 0.3);
    const along = prepared(makeReference(good(4, { scene: rail }), limits));
    const found = register(photograph(size, { dy: 0.03, scene: rail, noise: 3 }), size, 1, along);
    assert.ok(Math.abs(found.dx) < 0.005 && Math.abs(found.dy - 0.03) < 0.004, JSON.stringify(found));
    const disc = (x: number, y: number) => 60 + 120 * Number(Math.hypot(x, y) < 0.5);
    const round = prepared(makeReference(good(4, { scene: disc }), limits));
    const turned = register(photograph(size, { dx: 0.02, rotation: 4, scene: disc, noise: 3 }), size, 1, round);
    assert.ok(Math.abs(turned.rotation) < 0.5 && Math.abs(turned.dx - 0.02) < 0.004, JSON.stringify(turned));
  });

  it('does not seek what has the limit 0', () => {
    const shifts = prepared(reference, { maxRotation: 0 });
    const found = register(photograph(size, { dx: 0.03, rotation: 1 }), size, 1, shifts);
    assert.equal(found.rotation, 0);
    assert.ok(Math.abs(found.dx - 0.03) < 0.01 && withinLimits(found, shifts.limits), JSON.stringify(found));
    const turns = register(photograph(size, { rotation: 3 }), size, 1, prepared(reference, { maxShift: 0 }));
    assert.ok(Math.abs(turns.dx) < 0.01 && Math.abs(turns.rotation - 3) < 0.5, JSON.stringify(turns));
  });

  it('gives the same numbers for the same picture', () => {
    const pixels = photograph(size, { dx: 0.03, rotation: 1, noise: 3 });
    assert.deepEqual(register(pixels, size, 1, still), register(pixels, size, 1, prepared(reference)));
  });
});

describe('makeReference', () => {
  it('is the same for the same pictures, and lies where the middle one of them lies', () => {
    const shifts = [-0.03, -0.01, 0, 0.02, 0.05, 0.02, 0.02];
    const pictures = shifts.map((dx, seed) => {
      return { pixels: photograph(size, { dx, noise: 3, seed }), ...size, channels: 1 as const };
    });
    const reference = makeReference(pictures, limits);
    assert.deepEqual(reference, makeReference(pictures, limits));
    const found = register(photograph(size, { dx: 0.02 }), size, 1, prepared(reference));
    assert.ok(Math.abs(found.dx) < 0.015, JSON.stringify(found));
    assert.ok(Buffer.from(reference.pixels, 'base64').length <= 20_000);
  });

  it('is not spoiled by a few pictures of something else', () => {
    const others = good(2, { scene: (x, y) => 60 + 90 * Number(Math.cos(11 * x) * Math.cos(7 * y) > 0.3) });
    const reference = makeReference([...others, ...good(8)], limits);
    const found = register(photograph(size, { dx: 0.03 }), size, 1, prepared(reference));
    assert.ok(off(found, { dx: 0.03 }) < 0.5 && found.agreement > 0.97, JSON.stringify(found));
  });

  it('refuses in one sentence a reference that is no picture', () => {
    const reference = makeReference(good(2), limits);
    const cases = [
      { ...reference, pixels: reference.pixels.slice(0, 400) },
      { width: 4, height: 4, pixels: Buffer.alloc(16).toString('base64') },
      { width: 4096, height: 4096, pixels: '' },
    ];
    for (const bad of cases) {
      assert.throws(() => prepared(bad), {
        code: 'GP_MODEL_INVALID',
        message: /^Expected .+ for model\.json.+ but received /,
      });
    }
  });
});

describe('hasCommonLayout', () => {
  const agreements = (pictures: Buffer[]) => {
    const set = pictures.map((pixels) => ({ pixels, ...size, channels: 1 as const }));
    const reference = prepared(makeReference(set, limits));
    return pictures.map((pixels) => register(pixels, size, 1, reference).agreement);
  };

  it('is true for parts that lie anywhere within the limits', () => {
    const random = seededRandom(8);
    const within = (most: number) => (2 * random() - 1) * most;
    const pictures = Array.from({ length: 12 }, (_, seed) =>
      photograph(size, { dx: within(0.05), dy: within(0.05), rotation: within(4), noise: 3, seed }),
    );
    const found = agreements(pictures);
    assert.ok(hasCommonLayout(found), found.join(' '));
    const least = proposeMinAgreement(found);
    assert.ok(least >= 0.5 && found.every((agreement) => agreement > least), `${least}`);
  });

  it('is false for pictures that have nothing in common', () => {
    const pictures = Array.from({ length: 12 }, (_, seed) => {
      const random = seededRandom(seed + 50);
      const spots = Array.from({ length: 14 }, () => [random() * 2.4 - 1.2, random() * 2 - 1, 0.05 + 0.2 * random()]);
      return photograph(size, {
        noise: 3,
        seed,
        scene: (x, y) => 60 + 100 * Number(spots.some(([cx, cy, r]) => Math.hypot(x - cx, y - cy) < r)),
      });
    });
    const found = agreements(pictures);
    assert.ok(!hasCommonLayout(found), found.join(' '));
    assert.equal(hasCommonLayout([]), false);
  });
});

describe('proposeMinAgreement', () => {
  it('lies below the good pictures and never so low that anything agrees', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.5, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 }),
        (agreements) => {
          const least = proposeMinAgreement(agreements);
          assert.ok(least >= 0.3 && least <= 0.6);
          assert.ok(
            least < Math.min(...agreements.toSorted((a, b) => a - b).slice(Math.floor(agreements.length * 0.05))),
          );
        },
      ),
    );
    assert.equal(proposeMinAgreement([]), 0.3);
  });
});

describe('withinLimits', () => {
  it('holds for no number that is not finite', () => {
    const fine = { dx: 0, dy: 0, rotation: 0, agreement: 0.9 };
    const all = { ...limits, minAgreement: 0.5 };
    assert.equal(withinLimits(fine, all), true);
    for (const key of ['dx', 'dy', 'rotation', 'agreement'] as const) {
      assert.equal(withinLimits({ ...fine, [key]: Number.NaN }, all), false, key);
    }
    assert.equal(withinLimits({ ...fine, dx: -0.07 }, all), false);
    assert.equal(withinLimits({ ...fine, rotation: -5.1 }, all), false);
    assert.equal(withinLimits({ ...fine, agreement: 0.49 }, all), false);
  });
});
