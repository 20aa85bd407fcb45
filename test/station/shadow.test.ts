import assert from 'node:assert/strict';
import { agreement, comparisonText, noFigures, summarise, withComparison } from '../../lib/station/comparison.ts';
import type { StoredShadow } from '../../lib/station/state-schema.ts';
import { accept, draft, frame, limits, model, openRig, type Rig, score } from './kit.ts';

const other = { ...model, version: '2', sha256: 'c'.repeat(64) };

/** Version 1 is live; version 2 has another model and half the limits, version 3 the same model and half the limits. */
async function openShadow(): Promise<Rig> {
  const rig = await openRig();
  const { station } = rig;
  const strict = (which: typeof model) => {
    const view = { model: which, median: 0, warn: limits.warn / 2, fail: limits.fail / 2, rois: [] };
    const validation = {
      fingerprint: station.fingerprint('main', view),
      by: 'a',
      at: '2026-01-01T00:00:00.000Z',
      basis: 'b',
    };
    return { views: { main: { ...view, validation } } };
  };
  await station.recipes.save(draft(station));
  await station.recipes.save(draft(station, strict(other)));
  await station.recipes.save(draft(station, strict(model)));
  station.recipes.activate(1, { version: 1, by: 'anna' });
  return rig;
}

/** A part that the live version judges by `live`, and the shadow by `shadow`. */
function part(rig: Rig, live: number, shadow: number, by = other) {
  const id = accept(rig, { partId: `P ${live}` });
  rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
  rig.station.addScore(id, 'main', score(live));
  rig.station.judgeView(id, 'main', { final: true });
  return rig.station.compareShadow(rig.closed.at(-1)!, 'main', score(shadow, { model: by }));
}

describe('a version in shadow', () => {
  it('is compared with the live one and touches neither counters nor results nor ring', async () => {
    const rig = await openShadow();
    rig.station.chooseShadow(1, { version: 2, by: 'anna', why: 'stricter' });
    const kinds = [
      part(rig, 0.2, 0.2),
      part(rig, 0.2, 1.4),
      part(rig, 2.5, 0.1),
      part(rig, 2.5, 2.5),
      part(rig, 0.2, Number.NaN),
    ];
    assert.deepEqual(kinds, ['bothAccept', 'onlyShadowRejects', 'onlyLiveRejects', 'bothReject', 'invalid']);
    const { counters, result, ring } = rig.station.snapshot();
    assert.deepEqual([counters.pass, counters.fail, counters.invalid], [3, 2, 0]);
    assert.deepEqual([result?.verdict, ring.length], ['pass', 5]);
    const { shadow } = rig.station;
    assert.equal(shadow?.figures.invalid, 1);
    assert.deepEqual(
      shadow?.disagreements.map(({ partId, live, shadow: side }) => [partId, live.verdict, side.verdict]),
      [
        ['P 0.2', 'pass', 'invalid'],
        ['P 2.5', 'fail', 'pass'],
        ['P 0.2', 'pass', 'fail'],
      ],
    );
    // the shadow's limit is half the live one's: 0.1 more severity at 0.2
    assert.equal(shadow?.summary.largest?.toFixed(2), '1.30');
  });

  it('is no longer one when it is live, and begins anew beside another live version', async () => {
    const rig = await openShadow();
    rig.station.chooseShadow(1, { version: 2 });
    part(rig, 0.2, 0.2);
    rig.station.chooseShadow(1, { version: 2 });
    assert.equal(rig.station.shadow?.figures.bothAccept, 1, 'chosen again it goes on');
    await rig.station.switchTo(1, { version: 3 });
    assert.deepEqual([rig.station.shadow?.beside, rig.station.shadow?.figures], [3, noFigures]);
    await rig.station.switchTo(1, { version: 2 });
    assert.equal(rig.station.shadow, null);
  });

  it('compares ordinary parts of its own product only', async () => {
    const rig = await openShadow();
    await rig.station.recipes.save(draft(rig.station, { number: 2 }));
    rig.station.chooseShadow(1, { version: 2 });
    await rig.station.switchTo(2);
    assert.equal(part(rig, 0.2, 0.2), null);
    await assert.rejects(rig.station.promote(), { message: /beside recipe 1, which is not live now/ });
    await rig.station.switchTo(1, { version: 1 });
    rig.station.obey({ kind: 'code', code: 7, arg: 4, from: 0 }, rig.time.clock.mono());
    assert.equal(part(rig, 0.2, 0.2), null, 'a challenge part');
    assert.deepEqual(rig.station.shadow?.figures, noFigures);
  });

  it('cannot be chosen where nothing could be compared, in one sentence', async () => {
    const rig = await openShadow();
    await rig.station.recipes.save(draft(rig.station, { number: 2 }));
    assert.throws(() => rig.station.chooseShadow(1, { version: 1 }), { message: /another version than the live one/ });
    assert.throws(() => rig.station.chooseShadow(2), { message: /a version of the live recipe 1 for shadow/ });
    assert.throws(() => rig.station.chooseShadow(1, { version: 9 }), { code: 'GP_CONFIG_INVALID' });
    await assert.rejects(rig.station.promote(), { code: 'GP_SWITCH_REFUSED', message: /choose one first/ });
    assert.equal(rig.station.chooseShadow(0), null);
  });

  it('is promoted with its figures, and a rollback undoes that', async () => {
    const rig = await openShadow();
    rig.station.chooseShadow(1, { version: 2, by: 'anna' });
    part(rig, 0.2, 1.4);
    const { text } = await rig.station.promote({ by: 'ben', why: 'agreed' });
    assert.match(
      text,
      /^Recipe 1 version 2 is live instead of version 1\. In shadow: 1 picture compared, 1 rejected by the shadow only/,
    );
    const [{ by, why }] = rig.station.versions().activations;
    assert.equal(by, 'ben');
    assert.match(why, /^promoted from shadow: agreed: 1 picture compared/);
    assert.equal(rig.station.shadow, null);
    const back = await rig.station.rollback({ by: 'ben' });
    assert.match(back.text, /^Recipe 1 version 1 is live instead of version 2/);
  });

  for (const kind of ['close', 'crash'] as const) {
    it(`keeps its figures over a ${kind}`, async () => {
      const rig = await openShadow();
      rig.station.chooseShadow(1, { version: 2, by: 'anna', why: 'stricter' });
      part(rig, 0.2, 1.4);
      part(rig, 2.5, 2.5);
      rig.station.countNotCompared();
      const before = rig.station.shadow;
      if (kind === 'close') await rig.station.close();
      else await rig.station.settled();
      const again = await openRig({}, { time: rig.time, disk: rig.disk.afterCrash() });
      assert.deepEqual(again.station.shadow, before);
      assert.equal(before?.figures.notCompared, 1);
    });
  }

  it('with a second model is judged by its own two, never by the live version’s second one', async () => {
    const rig = await openShadow();
    const view = { model, ...limits, rois: [] };
    const fingerprint = rig.station.fingerprint('main', view);
    const validation = { fingerprint, by: 'a', at: '2026-01-01T00:00:00.000Z', basis: 'b' };
    const second = rig.station.fingerprint('main', { ...view, model: other });
    const verify = {
      ...{ model: other, ...limits, rois: [], between: [0, 10] as [number, number] },
      validation: { ...validation, fingerprint: second },
    };
    const saved = await rig.station.recipes.save(
      draft(rig.station, { views: { main: { ...view, validation, verify } } }),
    );
    assert.deepEqual(rig.station.versions().recipes[0].models['main, second model'].sha256, other.sha256);
    rig.station.chooseShadow(1, { version: saved.version });
    assert.equal(part(rig, 0.2, 0.2, model), 'invalid', 'in doubt, and its second model said nothing');
    const [{ id }] = rig.closed;
    assert.equal(
      rig.station.compareShadow(rig.station.describe(id, 'main'), 'main', score(0.2), score(2.5, { model: other })),
      'onlyShadowRejects',
    );
  });

  it('says what keeps it from being compared, until that is over', async () => {
    const rig = await openShadow();
    rig.station.chooseShadow(1, { version: 2 });
    rig.station.setShadowTrouble('score', 'ended by SIGKILL');
    assert.equal(rig.station.shadow?.trouble, 'ended by SIGKILL');
    assert.deepEqual(rig.station.faults(), []);
    rig.station.setShadowTrouble('score', null);
    assert.equal(rig.station.shadow?.trouble, null);
  });
});

describe('the comparison of two versions', () => {
  const side = (verdict: 'pass' | 'warn' | 'fail' | 'invalid', severity: number | null, accepts = true) => ({
    ...{ verdict, severity },
    accept: verdict === 'pass' || (verdict === 'warn' && accepts),
  });
  const fresh: StoredShadow = {
    ...{ number: 1, version: 2, beside: 1, since: '', by: '', why: '' },
    ...{ figures: noFigures, disagreements: [] },
  };
  const at = (sequence: number) => ({ sequence, id: `${sequence}`, partId: '', view: 'main', utc: '' });

  it('goes by acceptance, and by that of each recipe', () => {
    assert.equal(agreement(side('warn', 0.8), side('pass', 0.1)), 'bothAccept');
    assert.equal(agreement(side('warn', 0.8, false), side('pass', 0.1)), 'onlyLiveRejects');
    assert.equal(agreement(side('invalid', null), side('fail', 2)), 'invalid');
  });

  it('has the mean, deviation and largest of the severities’ differences', () => {
    const differences = [0.1, -0.3, 0.2];
    const all = differences.reduce(
      (shadow, difference, n) =>
        withComparison(shadow, { part: at(n), live: side('pass', 0.5), shadow: side('pass', 0.5 + difference) }),
      fresh,
    );
    const { meanDifference, deviation, largest, compared, disagree } = summarise(all);
    assert.deepEqual([compared, disagree], [3, 0]);
    assert.ok(Math.abs(meanDifference as number) < 1e-12);
    assert.ok(Math.abs((deviation as number) - Math.sqrt((0.01 + 0.09 + 0.04) / 2)) < 1e-12);
    assert.ok(Math.abs((largest as number) + 0.3) < 1e-12);
    assert.equal(comparisonText(all), '3 pictures compared, all alike, severity +0.00 on average, −0.30 at most');
    assert.equal(comparisonText(fresh), '0 pictures compared');
  });

  it('stays finite, and so readable again, whatever the severities are', () => {
    const part = { part: at(1), live: side('pass', -1e308), shadow: side('fail', 1e308) };
    const { figures } = withComparison(withComparison(fresh, part), part);
    assert.ok(Object.values(figures).every(Number.isFinite), JSON.stringify(figures));
  });

  it('keeps the last 50 disagreements', () => {
    let shadow = fresh;
    for (let n = 0; n < 60; n++) {
      shadow = withComparison(shadow, { part: at(n), live: side('pass', 0.5), shadow: side('fail', 1.5) });
    }
    assert.deepEqual([shadow.disagreements.length, shadow.disagreements[0].sequence], [50, 10]);
    assert.equal(shadow.figures.onlyShadowRejects, 60);
  });
});
