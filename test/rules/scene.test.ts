import assert from 'node:assert/strict';
import fc from 'fast-check';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { judgeScene } from '../../lib/rules/scene.ts';
import { type BandMeasure, learnBand, learnBands, type SceneCheck, sceneChecks } from '../../lib/rules/scene-bands.ts';
import { likenessOfGood, partLimits, partPresence } from '../../lib/rules/scene-part.ts';

const checks = Object.keys(sceneChecks) as SceneCheck[];
const everyMeasure = Object.values(sceneChecks).flat() as BandMeasure[];

const typical = {
  ...{ level: 0.5, bright: 0.001, dark: 0.01, contrast: 0.6, focus: 0.04, noise: 0.01 },
  ...{ redGreen: 1, blueGreen: 1.1, change: 0.2, shift: 0.003 },
};
type Measures = Partial<Record<keyof typeof typical, number>>;

/** Fifty frames that differ by 1 %. */
const goodFrames = (seed = 1): Measures[] => {
  const random = seededRandom(seed);
  return Array.from({ length: 50 }, () =>
    Object.fromEntries(Object.entries(typical).map(([key, value]) => [key, value * (1 + 0.01 * gaussian(random))])),
  );
};
const bands = learnBands(goodFrames());
const judged = (change: Measures, more: object = {}) =>
  judgeScene({ measures: { ...typical, ...change }, bands, checks, part: null, ...more });

describe('scene bands', () => {
  it('are as wide as the table says for frames that hardly differ', () => {
    const level = learnBand('level', Array(20).fill(0.5));
    assert.deepEqual(level, { measure: 'level', median: 0.5, attention: [0.45, 0.55], invalid: [0.325, 0.675] });
    assert.deepEqual(learnBand('bright', Array(20).fill(0.02))?.invalid, [null, 0.07]);
    assert.deepEqual(learnBand('focus', Array(20).fill(0.04))?.attention, [0.034, null]);
  });

  it('widen with what good frames differ by: attention 4, invalid 8 standard deviations', () => {
    const random = seededRandom(3);
    const values = Array.from({ length: 400 }, () => 0.5 + 0.03 * gaussian(random));
    const [low] = learnBand('level', values)?.attention ?? [];
    const [bottom] = learnBand('level', values)?.invalid ?? [];
    assert.ok(Math.abs((low ?? 0) - (0.5 - 4 * 0.03)) < 0.02, `${low}`);
    assert.ok(Math.abs((bottom ?? 0) - (0.5 - 8 * 0.03)) < 0.03, `${bottom}`);
  });

  it('do not care for one bad frame in twenty', () => {
    const values = Array.from({ length: 60 }, (_, i) => (i % 20 === 7 ? 0.1 : 0.5));
    assert.deepEqual(learnBand('level', values), learnBand('level', Array(60).fill(0.5)));
  });

  it('double with tolerance 2, and never admit nothing at all', () => {
    assert.deepEqual(learnBand('level', Array(20).fill(0.5), 2)?.attention, [0.4, 0.6]);
    assert.deepEqual(learnBand('level', Array(20).fill(0.5), 4)?.invalid[0], 0.05);
  });

  it('are not learned from nothing, nor from what is no number', () => {
    assert.equal(learnBand('level', []), null);
    assert.equal(learnBand('level', [0.5, Number.NaN]), null);
    assert.equal(learnBand('level', [0.5, Number.POSITIVE_INFINITY]), null);
    const grey = goodFrames().map(({ redGreen: _, blueGreen: __, ...rest }) => rest);
    assert.ok(!learnBands(grey).some(({ measure }) => measure === 'redGreen'));
  });

  it('hold the frames they were learned from: none is invalid, hardly one needs attention', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.constantFrom(...everyMeasure),
        fc.double({ min: 1e-4, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.2, noNaN: true }),
        (seed, measure, centre, spread) => {
          const random = seededRandom(seed);
          const values = Array.from({ length: 50 }, () => centre * (1 + spread * gaussian(random)));
          const band = learnBand(measure, values)!;
          const states = values.map(
            (value) =>
              judgeScene({
                measures: { ...typical, [measure]: value },
                bands: [band],
                checks: checks.filter((check) => (sceneChecks[check] as readonly string[]).includes(measure)),
                part: null,
              }).values.find((one) => one.measure === measure)?.state,
          );
          const ends = [...band.attention, ...band.invalid].filter((end) => end !== null);
          return (
            ends.every(Number.isFinite) &&
            !states.includes('invalid') &&
            states.filter((state) => state === 'attention').length <= 3
          );
        },
      ),
    );
  });
});

describe('the scene of one picture', () => {
  it('is good where all measures are as learned', () => {
    const { state, findings, values } = judged({});
    assert.deepEqual([state, findings], ['good', []]);
    assert.equal(values.length, everyMeasure.length);
  });

  const table: [string, Measures, 'attention' | 'invalid', string, RegExp][] = [
    [
      'a night shift',
      { level: 0.43 },
      'attention',
      'light',
      /^The picture is too dark: level 43 %, usual 4\d\.?\d* % to/,
    ],
    [
      'a failing lamp',
      { level: 0.2 },
      'invalid',
      'light',
      /^The picture is too dark: level 20 %, allowed 3\d\.?\d* % to/,
    ],
    ['a second lamp', { level: 0.8 }, 'invalid', 'light', /too bright/],
    ['a reflection', { bright: 0.03 }, 'attention', 'light', /overexposed/],
    ['glare', { bright: 0.3 }, 'invalid', 'light', /overexposed/],
    ['a shadow', { dark: 0.3 }, 'invalid', 'light', /black/],
    ['fog', { contrast: 0.3 }, 'invalid', 'light', /too little contrast/],
    ['a warm lamp', { redGreen: 1.1 }, 'attention', 'light', /too much red/],
    ['a wrong white balance', { blueGreen: 0.7 }, 'invalid', 'light', /too little blue/],
    ['a dusty lens', { focus: 0.033 }, 'attention', 'focus', /not sharp/],
    ['a loose lens', { focus: 0.01 }, 'invalid', 'focus', /not sharp/],
    ['a bent bracket', { shift: 0.02 }, 'attention', 'camera', /shifted by 2 %/],
    ['a turned camera', { shift: 0.2 }, 'invalid', 'camera', /shifted by 20 %/],
    ['a hidden reference', { shift: Number.NaN }, 'invalid', 'camera', /not where it was, or is hidden/],
    ['the same picture again', { change: 0 }, 'invalid', 'frozen', /the same as the one before/],
    ['a hot sensor', { noise: 0.018 }, 'attention', 'other', /too much noise/],
  ];
  for (const [what, change, state, cause, text] of table) {
    it(`is ${state} for ${what}`, () => {
      const done = judged(change);
      assert.deepEqual([done.state, done.findings[0].cause], [state, cause]);
      assert.match(done.findings[0].text, text);
    });
  }

  it('names the worst first: what moved before what is dark, and in the dark nothing is found', () => {
    assert.equal(judged({ shift: 0.2, level: 0.2, focus: 0.01 }).findings[0].cause, 'camera');
    assert.equal(judged({ shift: Number.NaN, level: 0.01, dark: 1 }).findings[0].cause, 'light');
    assert.equal(judged({ level: 0.43, focus: 0.01 }).findings[0].cause, 'focus');
  });

  it('looks only at the checks that are switched on', () => {
    assert.equal(judged({ level: 0.1, shift: 0.5 }, { checks: ['focus'] }).state, 'good');
    assert.equal(judged({ level: 0.1, focus: 0.001 }, { checks: ['focus'] }).findings.length, 1);
  });

  it('is invalid, never good, for a measure that is no number or is not there', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...everyMeasure),
        fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
        (measure, value) => judged({ [measure]: value }).state === 'invalid',
      ),
    );
    for (const measure of everyMeasure) {
      const { [measure]: _, ...rest } = typical;
      const state = judgeScene({ measures: rest, bands, checks, part: null }).state;
      // nothing came before the first picture
      assert.equal(state, measure === 'change' ? 'good' : 'invalid', measure);
    }
  });

  it('is never good beyond a band, whatever the numbers', () => {
    const anything = fc.record(
      Object.fromEntries(everyMeasure.map((measure) => [measure, fc.double()])) as Record<string, fc.Arbitrary<number>>,
    );
    fc.assert(
      fc.property(anything, (measures) => {
        const done = judged(measures);
        const outside = bands.some(({ measure, invalid: [low, high] }) => {
          const value = measures[measure];
          return !(Number.isFinite(value) && (low === null || value >= low) && (high === null || value <= high));
        });
        return (done.state === 'invalid') === outside;
      }),
    );
  });

  it('is invalid where a check that is switched on was not learned, but for the colour of grey pictures', () => {
    const without = (measure: string) => bands.filter((band) => band.measure !== measure);
    assert.deepEqual(
      everyMeasure.filter((measure) => judged({}, { bands: without(measure) }).unlearned),
      everyMeasure.filter((measure) => !['redGreen', 'blueGreen'].includes(measure)),
    );
    assert.equal(judged({}, { bands: [] }).state, 'invalid');
  });
});

describe('whether there is a part', () => {
  const good = likenessOfGood(Array(20).fill(0.96));
  const blind = partLimits(good);
  const both = partLimits(good, { part: Array(5).fill(0.2), empty: Array(5).fill(0.9) });

  it('is said by the middle between good parts and the empty nest', () => {
    assert.deepEqual(blind, { part: 0.48, empty: null });
    assert.deepEqual(both, { part: 0.58, empty: 0.45 });
  });

  const table: [string, { part: number; empty?: number; lit?: boolean }, string, string][] = [
    ['a part', { part: 0.95, empty: 0.2 }, 'present', 'present'],
    ['a part with a large defect', { part: 0.7, empty: 0.2 }, 'present', 'present'],
    ['the empty nest', { part: 0.2, empty: 0.95 }, 'absent', 'absent'],
    ['a hand', { part: 0.1, empty: 0.1 }, 'absent', 'unknown'],
    ['darkness', { part: 0.1, empty: 0.9, lit: false }, 'unknown', 'absent'],
    ['nothing that can be told', { part: Number.NaN, empty: Number.NaN }, 'unknown', 'unknown'],
    ['no likeness to the nest', { part: 0.1 }, 'absent', 'unknown'],
  ];
  for (const [what, seen, without, withNest] of table) {
    it(`of ${what}: ${without}, and ${withNest} where the empty nest is known`, () => {
      const full = { lit: true, ...seen };
      assert.deepEqual([partPresence(full, blind), partPresence(full, both)], [without, withNest]);
    });
  }

  it('is unknown, and the picture invalid, under limits that are none', () => {
    assert.equal(partPresence({ part: 1, lit: true }, { part: Number.NaN, empty: null }), 'unknown');
    const done = judged({}, { part: both });
    assert.deepEqual([done.part, done.state], ['unknown', 'invalid']);
  });

  it('leaves an empty nest without a scene of its own, unless the picture is frozen', () => {
    const seen = { part: 0.2, empty: 0.95, level: 0.1, shift: Number.NaN };
    const judge = (change: object) =>
      judgeScene({ measures: { ...typical, ...seen, ...change }, bands, checks, part: both });
    const absent = judge({});
    assert.deepEqual([absent.part, absent.state, absent.findings], ['absent', 'invalid', []]);
    const frozen = judge({ change: 0 });
    assert.deepEqual([frozen.part, frozen.findings[0].cause], ['unknown', 'frozen']);
  });

  it('is not learned where the region cannot tell', () => {
    const refused = { code: 'GP_LEARN_FAILED', field: 'partRegion' };
    assert.throws(() => likenessOfGood([0.9, 0.1, Number.NaN, 0.2]), refused);
    assert.throws(() => partLimits(good, { part: [0.95, 0.96], empty: [1, 1] }), refused);
    assert.throws(() => partLimits(good, { part: [0.1], empty: [0.2] }), refused);
  });
});
