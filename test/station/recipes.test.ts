import assert from 'node:assert/strict';
import { GoodpartError } from '../../lib/core/errors.ts';
import type { Roi } from '../../lib/core/inspection.ts';
import { wholeFrameRoi } from '../../lib/rules/polygon.ts';
import { effectiveRois, recipeJsonSchema } from '../../lib/station/recipe-schema.ts';
import { validationFingerprint } from '../../lib/station/validation.ts';
import { dir, draft, limits, model, openRig, type Rig } from './kit.ts';

const reopened = async (rig: Rig) => {
  await rig.station.settled();
  return openRig({}, { time: rig.time, disk: rig.disk.afterCrash() });
};

describe('station: recipes', () => {
  it('keeps every change as a new version with author, time and reason', async () => {
    const rig = await openRig();
    const first = await rig.station.recipes.save(draft(rig.station));
    const second = await rig.station.recipes.save(draft(rig.station, { reason: 'looser', author: 'ben' }));
    assert.deepEqual([first.version, second.version], [1, 2]);
    assert.equal(second.at, rig.time.clock.utc());
    const next = await reopened(rig);
    assert.deepEqual(
      next.station.recipes.history(1).map((one) => [one.version, one.author, one.reason]),
      [
        [2, 'ben', 'looser'],
        [1, 'anna', 'first'],
      ],
    );
    assert.ok(Object.isFrozen(next.station.recipes.get(1)?.views.main.rois));
  });

  it('changes nothing that runs by saving; activating does, a rollback too, told with who and why', async () => {
    const rig = await openRig();
    const audits: unknown[] = [];
    rig.station.on('audit', (audit) => audits.push([audit.what, audit.by, audit.why]));
    await rig.station.recipes.save(draft(rig.station));
    assert.equal(rig.station.recipes.active(), null);
    rig.station.recipes.activate(1, { by: 'anna', why: 'new product' });
    await rig.station.recipes.save(draft(rig.station, { name: 'newer' }));
    assert.equal(rig.station.recipes.active()?.version, 1);
    rig.station.recipes.activate(1, { by: 'anna' });
    assert.equal(rig.station.recipes.active()?.version, 2);
    rig.station.recipes.activate(1, { by: 'ben', version: 1, why: 'rollback' });
    const next = await reopened(rig);
    assert.equal(next.station.recipes.active()?.version, 1);
    assert.deepEqual(audits, [
      ['recipe', 'anna', 'new product'],
      ['recipe', 'anna', '1 version 2'],
      ['recipe', 'ben', 'rollback'],
    ]);
  });

  it('gives two saves at once different versions', async () => {
    const rig = await openRig();
    const both = await Promise.all([1, 2, 3].map(() => rig.station.recipes.save(draft(rig.station))));
    assert.deepEqual(
      both.map((one) => one.version),
      [1, 2, 3],
    );
  });

  it('refuses to activate what is not there', async () => {
    const rig = await openRig();
    assert.throws(() => rig.station.recipes.activate(3), { code: 'GP_CONFIG_INVALID', field: 'recipe' });
  });

  const roi = (more: Partial<Roi>): Roi => ({ ...wholeFrameRoi(limits), ...more });
  const bad: [string, (view: ReturnType<typeof draft>['views'][string]) => object, RegExp, RegExp][] = [
    [
      'a self-crossing region',
      (view) => ({
        ...view,
        rois: [
          roi({
            polygon: [
              [0, 0],
              [1, 1],
              [1, 0],
              [0, 1],
            ],
          }),
        ],
      }),
      /views\.main\.rois/,
      /cross/,
    ],
    ['fail below warn', (view) => ({ ...view, fail: 0.5 }), /views\.main\.fail/, /at least the warn limit \(1\)/],
    ['a NaN threshold', (view) => ({ ...view, warn: Number.NaN }), /views\.main\.warn/, /received NaN/],
    ['an infinite threshold', (view) => ({ ...view, fail: Number.POSITIVE_INFINITY }), /views\.main\.fail/, /Infinity/],
    ['a region NaN', (view) => ({ ...view, rois: [roi({ fail: Number.NaN })] }), /views\.main\.rois\.0\.fail/, /NaN/],
    ['a key nobody knows', (view) => ({ ...view, tolerance: 3 }), /views\.main/, /tolerance/],
    ['a model without its hash', (view) => ({ ...view, model: { ...model, sha256: '' } }), /sha256/, /""/],
  ];
  for (const [name, change, field, message] of bad) {
    it(`refuses ${name} in one clear sentence naming the field, and goes on`, async () => {
      const rig = await openRig();
      const good = draft(rig.station);
      const wrong = { ...good, views: { main: change(good.views.main) } };
      await assert.rejects(rig.station.recipes.save(wrong as never), (error: unknown) => {
        assert.ok(GoodpartError.is(error));
        assert.equal(error.code, 'GP_CONFIG_INVALID');
        assert.match(error.field ?? '', field);
        assert.match(error.message, message);
        return true;
      });
      assert.equal((await rig.station.recipes.save(good)).version, 1);
    });
  }

  it('sets a damaged version aside, keeps the others and never takes its number again', async () => {
    const rig = await openRig();
    await rig.station.recipes.save(draft(rig.station));
    await rig.station.recipes.save(draft(rig.station));
    rig.station.recipes.activate(1);
    await rig.station.settled();
    rig.disk.files.set(`${dir}/recipes/1/2.json`, '{"schema":1');
    const next = await reopened(rig);
    assert.equal(next.station.snapshot().faultCode, 301);
    assert.equal(next.station.recipes.active(), null, 'not another version in its place');
    assert.equal(next.station.recipes.get(1)?.version, 1);
    assert.equal((await next.station.recipes.save(draft(next.station))).version, 3);
    const third = await reopened(next);
    assert.equal((await third.station.recipes.save(draft(third.station))).version, 4);
  });

  it('does not take a version under another’s name', async () => {
    const rig = await openRig();
    await rig.station.recipes.save(draft(rig.station));
    rig.disk.files.set(`${dir}/recipes/2/1.json`, rig.disk.files.get(`${dir}/recipes/1/1.json`) ?? '');
    const next = await reopened(rig);
    assert.equal(next.station.recipes.get(2), undefined);
  });

  it('has a JSON Schema generated from the one schema', () => {
    const schema = recipeJsonSchema() as { properties: Record<string, unknown>; required: string[] };
    assert.deepEqual(Object.keys(schema.properties), schema.required);
    assert.ok(schema.required.includes('warnAccepted'));
    assert.match(JSON.stringify(schema), /0\.\.1 frame coordinates/);
  });

  it('inspects the whole frame less what is ignored where no region is drawn', () => {
    const ignore = roi({ index: 0, mode: 'ignore' });
    assert.deepEqual(
      effectiveRois({ ...limits, rois: [ignore] }).map((one) => [one.name, one.mode]),
      [
        ['part', 'inspect'],
        ['part', 'ignore'],
      ],
    );
    assert.equal(effectiveRois({ ...limits, rois: [roi({})] }).length, 1);
  });
});

describe('station: validation fingerprint', () => {
  const rois = [wholeFrameRoi(limits)];
  const base = { model, cameraSettings: 'x', rois };
  const print = validationFingerprint(base);

  it('is 64 hexadecimal digits, equal for equal content, whatever the order', () => {
    assert.match(print, /^[0-9a-f]{64}$/);
    const shuffled = { rois: [{ ...rois[0] }], cameraSettings: 'x', model: { ...model } };
    assert.equal(validationFingerprint(shuffled), print);
  });

  for (const [name, changed] of [
    ['the model', { ...base, model: { ...model, sha256: '0'.repeat(64) } }],
    ['the preprocessing', { ...base, model: { ...model, preprocessing: '0' } }],
    ['the camera settings', { ...base, cameraSettings: 'y' }],
    ['the geometry', { ...base, rois: [{ ...rois[0], polygon: rois[0].polygon.slice(1) }] }],
    ['the measure', { ...base, rois: [{ ...rois[0], measure: 'percentile' as const }] }],
    ['a further region', { ...base, rois: [...rois, ...rois] }],
  ] as const) {
    it(`changes with ${name}`, () => assert.notEqual(validationFingerprint(changed), print));
  }

  it('does not change with names and limits', () => {
    const renamed = [{ ...rois[0], name: 'lid', warn: 1.5, fail: 9, median: 0.1 }];
    assert.equal(validationFingerprint({ ...base, rois: renamed }), print);
  });
});
