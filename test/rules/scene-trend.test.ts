import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SceneCause } from '../../lib/core/inspection.ts';
import { ne107Codes } from '../../lib/core/ne107.ts';
import type { SceneJudgement } from '../../lib/rules/scene.ts';
import { explainScene, noTrend, type SceneTrend, stepTrend } from '../../lib/rules/scene-trend.ts';

const good: SceneJudgement = { state: 'good', part: null, values: [], findings: [], unlearned: false, black: false };
const off = (cause: SceneCause, state: 'invalid' | 'attention' = 'invalid', black = false): SceneJudgement => {
  const text = `${cause} is off`;
  return { ...good, state, black, findings: [{ measure: 'level', state, cause, text, value: 0.1, limit: 0.3 }] };
};
const empty: SceneJudgement = { ...good, part: 'absent', state: 'invalid' };
const trendOf = (...judgements: SceneJudgement[]): SceneTrend => judgements.reduce(stepTrend, noTrend);
const times = (count: number, judgement: SceneJudgement) => Array<SceneJudgement>(count).fill(judgement);
const said = ({ conditions }: SceneTrend) => conditions.map(({ cause, state, ne107 }) => `${cause} ${state} ${ne107}`);

describe('what several pictures say of light and camera', () => {
  it('is nothing after one or two odd pictures, or three that are odd in different ways', () => {
    assert.deepEqual(said(trendOf(off('light'))), []);
    assert.deepEqual(said(trendOf(off('light'), off('light'), good, off('light'))), []);
    assert.deepEqual(said(trendOf(off('light'), off('camera'), off('focus'))), []);
  });

  const table: [SceneJudgement, string][] = [
    [off('light'), 'light invalid outOfSpecification'],
    [off('light', 'invalid', true), 'light invalid failure'],
    [off('camera'), 'camera invalid outOfSpecification'],
    [off('focus'), 'focus invalid outOfSpecification'],
    [off('frozen'), 'frozen invalid failure'],
    [off('other'), 'other invalid outOfSpecification'],
  ];
  for (const [judgement, expected] of table) {
    it(`is "${expected}" after three in a row, and is taken back by three good ones`, () => {
      assert.deepEqual(said(trendOf(...times(3, judgement))), [expected]);
      assert.deepEqual(said(trendOf(...times(3, judgement), good, good)), [expected]);
      assert.deepEqual(said(trendOf(...times(3, judgement), ...times(3, good))), []);
    });
  }

  it('is attention after eight of ten, and stays until most are good again', () => {
    const drifting = off('light', 'attention');
    assert.deepEqual(said(trendOf(...times(7, drifting))), []);
    assert.deepEqual(said(trendOf(...times(8, drifting))), ['light attention outOfSpecification']);
    assert.deepEqual(said(trendOf(...times(8, drifting), ...times(6, good))), ['light attention outOfSpecification']);
    assert.deepEqual(said(trendOf(...times(8, drifting), ...times(7, good))), []);
    assert.deepEqual(said(trendOf(...times(10, off('focus', 'attention')))), ['focus attention maintenance']);
    assert.deepEqual(said(trendOf(...times(10, off('camera', 'attention')))), ['camera attention maintenance']);
  });

  it('does not come of many bad parts, whose pictures are good, nor of an empty nest', () => {
    assert.deepEqual(trendOf(...times(50, good)).conditions, []);
    assert.deepEqual(trendOf(...times(50, empty)), noTrend);
    assert.deepEqual(said(trendOf(off('light'), off('light'), empty, off('light'))), [
      'light invalid outOfSpecification',
    ]);
  });

  it('puts the most urgent first and remembers no more than ten pictures, whatever comes', () => {
    const any = fc.constantFrom(
      ...(['light', 'camera', 'frozen', 'focus', 'other'] as const).flatMap((cause) => [
        off(cause),
        off(cause, 'attention'),
      ]),
      good,
      empty,
    );
    fc.assert(
      fc.property(fc.array(any, { maxLength: 60 }), (judgements) => {
        const { recent, conditions } = trendOf(...judgements);
        const codes = conditions.map(({ ne107 }) => ne107Codes[ne107]);
        return recent.length <= 10 && codes.every((code, i) => i === 0 || codes[i - 1] <= code);
      }),
    );
  });
});

describe('what a picture’s verdict says of its scene', () => {
  const keys = (judgement: SceneJudgement, trend = noTrend) =>
    explainScene(judgement, trend, 'main').map(({ key }) => key);

  it('is a failed check for one picture, the light or the camera for several', () => {
    assert.deepEqual(keys(off('light')), ['sceneCheck']);
    assert.deepEqual(keys(off('light'), trendOf(...times(3, off('light')))), ['lightChanged']);
    assert.deepEqual(keys(off('camera'), trendOf(...times(3, off('camera')))), ['cameraMoved']);
    assert.deepEqual(keys(off('camera'), trendOf(...times(3, off('light')))), ['sceneCheck']);
    assert.deepEqual([keys(off('frozen')), keys(off('focus'))], [['pictureFrozen'], ['outOfFocus']]);
  });

  it('carries the measure in one sentence, with its value and limit', () => {
    const [why] = explainScene(off('light'), noTrend, 'top');
    assert.deepEqual(why, {
      ...{ key: 'sceneCheck', code: 38, text: 'A scene check failed: light is off' },
      ...{ view: 'top', value: 0.1, limit: 0.3 },
    });
    assert.equal(explainScene(off('light', 'attention'), noTrend, 'top')[0].text, 'light is off');
  });

  it('is no part for an empty nest, and to learn where nothing was learned', () => {
    assert.deepEqual(keys(empty), ['noPart']);
    assert.deepEqual(keys({ ...off('light'), unlearned: true }), ['sceneNotLearned', 'sceneCheck']);
  });
});
