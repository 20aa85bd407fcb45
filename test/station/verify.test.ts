import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import type { DefectClass, Inspection, Roi, ScoreResult, Verification } from '../../lib/core/inspection.ts';
import { buildRecord } from '../../lib/evidence/build-record.ts';
import { recordSchema } from '../../lib/evidence/record.ts';
import { entryOf, type JudgedInspection } from '../../lib/evidence/sending.ts';
import { wholeFrameRoi } from '../../lib/rules/polygon.ts';
import type { RecipeDraft } from '../../lib/station/recipe-schema.ts';
import type { RecipeVerify } from '../../lib/station/recipe-verify.ts';
import { resultJson, resultSchema } from '../../lib/station/result-json.ts';
import { validationFingerprint } from '../../lib/station/validation.ts';
import { accept, draft, fixedHere, frame, model, openRig, type Rig, score } from './kit.ts';

/** The second model: median 0, so that severity is score / 10. */
const second = { name: 'thorough', version: '4', sha256: 'd'.repeat(64), preprocessing: 'e'.repeat(64) };
const secondLimits = { median: 0, warn: 6, fail: 10 };
const cameraSettings = 'exposure 5 ms';
const square: Roi['polygon'] = [
  [0, 0],
  [0.5, 0],
  [0.5, 0.5],
  [0, 0.5],
];
const region: Roi = { ...wholeFrameRoi({ median: 0, warn: 1, fail: 2 }), name: 'bore', polygon: square };

function withSecond(o: { rois?: Roi[]; validated?: boolean; more?: Partial<RecipeVerify> } = {}) {
  const { rois = [], validated = true, more } = o;
  const own = rois.map(({ index }) => ({ index, areaAbove: null, ...secondLimits }));
  const laid = rois.length === 0 ? [wholeFrameRoi(secondLimits)] : rois;
  const fingerprint = validationFingerprint({ model: second, cameraSettings, rois: laid });
  const validation = { fingerprint, by: 'learn second', at: '2026-01-01T00:00:00.000Z', basis: '300 good parts' };
  const between: [number, number] = [0.25, 1.5];
  return { model: second, between, ...secondLimits, rois: own, validation: validated ? validation : null, ...more };
}

async function stationWith(verify: RecipeVerify | undefined, rois: Roi[] = []): Promise<Rig> {
  const rig = await openRig();
  rig.station.registerCamera('main', { name: 'cam', settingsHash: cameraSettings });
  const { views, ...rest } = draft(rig.station);
  const view = { ...views.main, rois };
  const fingerprint = rig.station.fingerprint('main', view);
  const validation = { ...view.validation!, fingerprint };
  const recipe: RecipeDraft = { ...rest, views: { main: { ...view, validation, ...(verify && { verify }) } } };
  await rig.station.recipes.save(recipe);
  rig.station.recipes.activate(1);
  return rig;
}

const bySecond = (value: number, more: Partial<ScoreResult> = {}) => score(value, { model: second, ...more });
const asked = (result: ScoreResult): Pick<Verification, 'score' | 'failure'> => ({ score: result, failure: null });

function opened(rig: Rig, first: number): string {
  const id = accept(rig, { triggerId: 7 });
  rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
  rig.station.addScore(id, 'main', score(first));
  return id;
}

function judged(rig: Rig, first: number, said: Pick<Verification, 'score' | 'failure'> | null): Inspection {
  const id = opened(rig, first);
  if (said !== null) assert.equal(rig.station.addVerification(id, 'main', said), true);
  rig.station.judgeView(id, 'main', { final: true });
  return rig.closed.at(-1)!;
}

const keys = ({ reasons }: Inspection) => reasons.map(({ key }) => key);

describe('station: a second model decides what the first is in doubt of', () => {
  const clear: [string, number, string, number][] = [
    ['a clear pass', 0.2, 'pass', 0.1],
    ['a clear fail', 3.5, 'fail', 1.75],
  ];
  for (const [what, value, verdict, severity] of clear) {
    it(`lets ${what} stand, without a second score and whatever a second one says`, async () => {
      for (const said of [null, asked(bySecond(0)), asked(bySecond(99)), asked(bySecond(Number.NaN))]) {
        const done = judged(await stationWith(withSecond()), value, said);
        assert.deepEqual([done.verdict, done.severity], [verdict, severity]);
        const { first, decidedBy } = done.views[0].verify!;
        assert.deepEqual([first, decidedBy], [{ verdict, severity }, 'first']);
      }
    });
  }

  const doubtful = [0.5, 0.8, 1.5, 2, 2.4, 3];
  it('takes verdict, severity, regions, score and validation from the second in doubt, each way', async () => {
    for (const first of doubtful) {
      for (const [value, verdict, severity] of [
        [1, 'pass', 0.1],
        [6, 'pass', 0.6],
        [8, 'warn', 0.8],
        [12, 'fail', 1.2],
      ] as const) {
        const rig = await stationWith(withSecond());
        const done = judged(rig, first, asked(bySecond(value)));
        assert.deepEqual([done.verdict, done.severity], [verdict, severity], `${first} then ${value}`);
        const [view] = done.views;
        assert.deepEqual([view.rois[0].value, view.rois[0].fail], [value, 10]);
        assert.deepEqual([view.verify?.decidedBy, view.verify?.first?.severity], ['second', first / 2]);
        assert.deepEqual(
          [done.validation?.state, /^second model: by learn/.test(done.validation?.detail ?? '')],
          ['validated', true],
        );
        const { result } = rig.station.snapshot();
        assert.deepEqual([result?.score, result?.severity, result?.inferenceMs], [value, severity, 12]);
      }
    }
  });

  const map = (...values: number[]) => AnomalyMap.from(2, 2, Float32Array.from(values));
  const useless: [string, Pick<Verification, 'score' | 'failure'> | null, RegExp][] = [
    ['no word of the second', null, /did not pass a node of stage "verify"/],
    ['an engine that failed', { score: null, failure: 'engine second ended' }, /engine second ended/],
    ['a NaN', asked(bySecond(Number.NaN)), /no usable number/],
    ['an infinity', asked(bySecond(Number.NEGATIVE_INFINITY)), /no usable number/],
    ['a NaN in its map', asked(bySecond(1, { map: map(0, Number.NaN, 0, 0) })), /usable number/],
    ['another model', asked(score(1)), /model tile 1 runs, but the recipe is for thorough 4/],
    ['another preprocessing', asked(bySecond(1, { model: { ...second, preprocessing: 'x' } })), /preprocessing/],
  ];
  for (const [what, said, why] of useless) {
    it(`neither passes nor fails in doubt with ${what}`, async () => {
      for (const first of doubtful) {
        const done = judged(await stationWith(withSecond()), first, said);
        assert.deepEqual([done.verdict, done.severity, done.accept], ['invalid', null, false]);
        assert.deepEqual([done.reasons[0].key, done.reasons[0].code], ['notVerified', 45]);
        assert.match(done.reasons[0].text, why);
        assert.equal(done.views[0].verify?.decidedBy, null);
        assert.equal(done.views[0].verify?.first?.severity, first / 2);
      }
    });
  }

  it('needs limits that were validated for the second model itself, and says so on the station', async () => {
    const rig = await stationWith(withSecond({ validated: false }));
    assert.equal(rig.station.snapshot().health.notValidated, true);
    const done = judged(rig, 1, asked(bySecond(1)));
    assert.deepEqual([done.verdict, ...keys(done)], ['invalid', 'notVerified', 'notValidated']);
    assert.equal(done.validation?.state, 'not-validated');
    assert.equal(judged(rig, 0, null).verdict, 'pass', 'what is clear needs no second model');
  });

  it('needs them for the camera settings and the very outlines of now', async () => {
    const rig = await stationWith(withSecond({ rois: [region] }), [region]);
    assert.equal(judged(rig, 1, asked(bySecond(1))).verdict, 'pass');
    const elsewhere = withSecond({ rois: [{ ...region, polygon: fixedHere[0].polygon }] });
    const moved = judged(await stationWith(elsewhere, [region]), 1, asked(bySecond(1)));
    assert.deepEqual([moved.verdict, ...keys(moved)], ['invalid', 'notVerified', 'notValidated']);
    rig.station.drawRegions('main', [{ ...region, areaAbove: null, warn: 0, fail: 1 }]);
    assert.equal(judged(rig, 1, asked(bySecond(1))).verdict, 'pass', 'the same outlines, drawn in the flow');
    rig.station.drawRegions('main', [{ ...region, polygon: fixedHere[0].polygon }]);
    assert.equal(judged(rig, 1, asked(bySecond(1))).verdict, 'invalid');
    rig.station.drawRegions('main', null);
    rig.station.registerCamera('main', { name: 'cam', settingsHash: 'other' });
    assert.equal(judged(rig, 1, asked(bySecond(1))).verdict, 'invalid');
  });

  it('rescues nothing that the first could not inspect, and has no say beside regions fixed in the flow', async () => {
    const broken = judged(await stationWith(withSecond()), Number.NaN, asked(bySecond(1)));
    assert.deepEqual([broken.verdict, ...keys(broken)], ['invalid', 'scoreNotFinite']);
    const rig = await stationWith(withSecond());
    const id = opened(rig, 0.8);
    const view = rig.station.judgeView(id, 'main', { final: true, rois: fixedHere, overrideBy: 'anna' });
    assert.deepEqual([view.verdict, view.verify], ['pass', undefined]);
    assert.match(rig.closed[0].validation?.detail ?? '', /fixed by anna; no second model verifies it/);
  });

  it('takes one word of the second, after the first score and before the verdict', async () => {
    const { station, ...rig } = await stationWith(withSecond());
    const id = accept({ station, ...rig });
    station.addFrame(id, 'main', frame(rig.time), 'cam');
    assert.equal(station.addVerification(id, 'main', asked(bySecond(1))), false);
    assert.equal(station.addDefectClass(id, 'main', scratch), false);
    station.addScore(id, 'main', score(1));
    assert.equal(station.addVerification(id, 'main', { score: null, failure: 'late' }), true);
    assert.equal(station.addVerification(id, 'main', asked(bySecond(1))), false, 'no second try after a failure');
    station.judgeView(id, 'main', { final: true });
    assert.equal(station.addVerification(id, 'main', asked(bySecond(1))), false);
    assert.equal(rig.closed[0].verdict, 'invalid');
  });

  it('tells how a view would be judged, without recording it', async () => {
    const rig = await stationWith(withSecond());
    const look = (first: number, said?: Pick<Verification, 'score' | 'failure'>) => {
      const id = opened(rig, first);
      if (said) rig.station.addVerification(id, 'main', said);
      const { verdict, doubt, open } = rig.station.outlook(id, 'main');
      assert.equal(rig.station.describe(id, 'main').views[0].verdict, null);
      rig.station.judgeView(id, 'main', { final: true });
      assert.deepEqual([rig.station.outlook(id, 'main').open, rig.closed.at(-1)?.verdict], [false, verdict]);
      return [verdict, doubt, open];
    };
    assert.deepEqual(look(0.2), ['pass', false, true]);
    assert.deepEqual(look(3.5), ['fail', false, true]);
    assert.deepEqual(look(1), ['invalid', true, true]);
    assert.deepEqual(look(1, asked(bySecond(8))), ['warn', false, true]);
    assert.deepEqual(look(1, { score: null, failure: 'late' }), ['invalid', false, true]);
    assert.deepEqual(look(Number.NaN), ['invalid', false, true]);
  });

  it('says pass in doubt only by a finite, validated score of the second', async () => {
    const number = fc.constantFrom(0, 0.3, 0.5, 0.9, 1, 1.7, 2, 2.9, 3, 3.1, 5, Number.NaN, Infinity);
    const other = fc.constantFrom(0, 1, 6, 7, 8, 9, 10, 11, 20, Number.NaN, Infinity);
    const mostly = fc.constantFrom(true, true, true, true, false);
    const word = fc.constantFrom('second', 'second', 'second', 'second', 'second', 'other model', 'failed', 'none');
    const rigs = new Map<string, Rig>();
    for (const validated of [true, false]) rigs.set(`${validated}`, await stationWith(withSecond({ validated })));
    const seen = { pass: 0, warn: 0, fail: 0, invalid: 0 };
    fc.assert(
      fc.property(number, other, word, mostly, mostly, (first, value, says, validated, whole) => {
        const cells = map(value, whole ? 0 : Number.NaN, 0, 0);
        const said = {
          second: asked(bySecond(value, { map: cells })),
          'other model': asked(score(value)),
          failed: { score: null, failure: 'ended' },
          none: null,
        }[says];
        const { verdict } = judged(rigs.get(`${validated}`)!, first, said);
        const usable = says === 'second' && validated && Number.isFinite(value) && whole;
        // by their limits: below severity 0.25 a pass of the first is clear, above 1.5 a fail
        const expected = !Number.isFinite(first)
          ? 'invalid'
          : first / 2 < 0.25
            ? 'pass'
            : first / 2 > 1.5
              ? 'fail'
              : !usable
                ? 'invalid'
                : value > 10
                  ? 'fail'
                  : value > 6
                    ? 'warn'
                    : 'pass';
        assert.equal(verdict, expected);
        seen[expected] += 1;
      }),
      { numRuns: 1500 },
    );
    for (const [verdict, times] of Object.entries(seen)) assert.ok(times > 20, `${verdict} ${times} times`);
  });
});

const by = {
  model: { ...model, name: 'namer' },
  engine: 'onnxruntime',
  provider: 'cpu',
  timings: score(0).timings,
} as const;
const scratch: DefectClass = { number: 3, name: 'scratch', confidence: 0.9, by, failure: null };

describe('station: what a cascade leaves behind', () => {
  const software = { package: 'p', version: '1', node: 'v24' };
  const cascade = async () => {
    const rig = await stationWith(withSecond());
    const id = opened(rig, 1);
    rig.station.addVerification(id, 'main', asked(bySecond(12)));
    rig.station.addDefectClass(id, 'main', scratch);
    rig.station.judgeView(id, 'main', { final: true });
    return { rig, done: rig.closed[0] as JudgedInspection };
  };

  it('is a record with both models, their timings and whose verdict it is, and the heat map of that one', async () => {
    const { done } = await cascade();
    const o = { at: { utc: 'u', mono: 1 }, software, pictures: { state: 'kept', detail: '' } } as const;
    const [view] = recordSchema.parse(JSON.parse(JSON.stringify(buildRecord(done, o)))).views;
    assert.deepEqual([view.score?.model.name, view.score?.value], ['tile', 1]);
    assert.deepEqual([view.verify?.score?.model.name, view.verify?.score?.value], ['thorough', 12]);
    assert.deepEqual([view.verify?.first, view.verify?.decidedBy], [{ verdict: 'pass', severity: 0.5 }, 'second']);
    assert.deepEqual(view.defectClass, scratch);
    const policy = { frame: true, overlay: true, map: true, pass: 1, warn: 1, fail: 1, invalid: 1 } as never;
    const { payloads } = entryOf(done, { key: 'k', policy, regions: {}, software });
    assert.equal(payloads[1].readFloatLE(), 12);
  });

  it('is a result for the world outside that names each model and the defect, and a class for the PLC', async () => {
    const { rig, done } = await cascade();
    const told = resultJson(done);
    assert.deepEqual(resultSchema.parse(JSON.parse(JSON.stringify(told))), told);
    assert.deepEqual(
      told.models.map(({ name, stage, decided, severity, ms }) => [name, stage, decided, severity, ms]),
      [
        ['tile', 'first', false, 0.5, 6],
        ['thorough', 'verify', true, 1.2, 6],
        ['namer', 'classify', false, null, 6],
      ],
    );
    assert.deepEqual(told.defect, { class: 3, name: 'scratch', confidence: 0.9 });
    assert.deepEqual([told.score, told.severity, told.ms.inference], [12, 1.2, 18]);
    const { result } = rig.station.snapshot();
    assert.deepEqual([result?.defectClass, result?.verdict, result?.inferenceMs], [3, 'fail', 18]);
  });

  it('gives the PLC the defect of the worst view, and a name changes no verdict', async () => {
    const rig = await openRig();
    for (const view of ['top', 'side']) rig.station.registerCamera(view, { name: view, settingsHash: '' });
    const id = accept(rig);
    for (const [view, value, number] of [
      ['top', 1.5, 1],
      ['side', 5, 2],
    ] as const) {
      rig.station.addFrame(id, view, frame(rig.time), view);
      rig.station.addScore(id, view, score(value));
      rig.station.addDefectClass(id, view, { ...scratch, number });
      rig.station.judgeView(id, view, { final: true, rois: fixedHere, overrideBy: 'test' });
    }
    assert.deepEqual([rig.closed[0].verdict, rig.station.snapshot().result?.defectClass], ['fail', 2]);
    const good = accept(rig);
    for (const view of ['top', 'side']) {
      rig.station.addFrame(good, view, frame(rig.time), view);
      rig.station.addScore(good, view, score(0));
      rig.station.addDefectClass(good, view, scratch);
      rig.station.judgeView(good, view, { final: true, rois: fixedHere, overrideBy: 'test' });
    }
    const { result } = rig.station.snapshot();
    assert.deepEqual([result?.verdict, result?.defectClass, resultJson(rig.closed[1]).defect], ['pass', 0, null]);
  });
});

describe('station: a recipe with a second model', () => {
  const refused: [string, RecipeVerify, Roi[], RegExp][] = [
    ['a range of doubt that is none', withSecond({ more: { between: [1, 1] } }), [], /views\.main\.verify\.between/],
    ['limits out of order', withSecond({ more: { warn: 99 } }), [], /views\.main\.verify\.fail/],
    ['no limits for a region', withSecond(), [region], /the view’s regions 1 for views\.main\.verify\.rois/],
    [
      'limits for a region that there is not',
      withSecond({ rois: [region] }),
      [],
      /no region for views\.main\.verify\.rois/,
    ],
    [
      'no map value for an area',
      withSecond({ rois: [region] }),
      [{ ...region, measure: 'area', areaAbove: 1 }],
      /verify\.rois\[0\]\.areaAbove/,
    ],
  ];
  for (const [what, verify, rois, expected] of refused) {
    it(`is refused with ${what}`, async () => {
      await assert.rejects(stationWith(verify, rois), { code: 'GP_CONFIG_INVALID', message: expected });
    });
  }
});
