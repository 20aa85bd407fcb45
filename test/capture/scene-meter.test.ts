import assert from 'node:assert/strict';
import { SceneMeter } from '../../lib/capture/scene-meter.ts';
import type { SceneConfig } from '../../lib/capture/scene-protocol.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { Frame } from '../../lib/core/frame.ts';
import type { Polygon, SceneState } from '../../lib/core/inspection.ts';
import { judgeScene } from '../../lib/rules/scene.ts';
import { learnBands, type SceneBand, type SceneCheck, sceneChecks } from '../../lib/rules/scene-bands.ts';
import { likenessOfGood, type PartLimits, partLimits } from '../../lib/rules/scene-part.ts';
import { emptyNest, linePicture, type RawPicture, spoilt } from '../kit/scene-pictures.ts';
import { until } from '../kit/until.ts';

const box: Polygon = [
  [0.05, 0.05],
  [0.95, 0.05],
  [0.95, 0.95],
  [0.05, 0.95],
];
const blank: SceneConfig = { region: [], part: box, reference: null, typical: null, empty: null };
const checks = Object.keys(sceneChecks) as SceneCheck[];

let number = 0;
function frame({ data, width, height, channels }: RawPicture): Frame {
  const shape = { encoding: 'raw', width, height, channels, bitDepth: 8 } as const;
  const taken = { exposedAt: systemClock.mono(), exposedUtc: systemClock.utc(), settings: {} };
  return new Frame({ ...shape, ...taken, source: 'test', number: ++number, data });
}

/** The real child: it decodes, measures and learns the simulated line's pictures. */
describe('the scene meter', () => {
  let meter: SceneMeter;
  let learned: SceneConfig;
  let bands: SceneBand[];
  let part: PartLimits;

  before(async () => {
    meter = new SceneMeter({ backoff: { minMs: 50, maxMs: 50, resetAfterMs: 1000 } });
    await meter.configure('lesson', blank);
    for (let i = 1; i <= 24; i++) assert.equal(await meter.collect('lesson', frame(linePicture(i))), i);
    const good = await meter.learn('lesson', 'good');
    bands = learnBands(good.frames);
    learned = { ...blank, reference: good.reference, typical: good.typical };
    await meter.configure('lesson', learned);
    for (let i = 1; i <= 5; i++) await meter.collect('lesson', frame(emptyNest(i)));
    const nest = await meter.learn('lesson', 'empty');
    const likeness = (key: 'part' | 'empty') => nest.frames.map((one) => one[key] ?? Number.NaN);
    const goodLikeness = likenessOfGood(good.frames.map((one) => one.part ?? Number.NaN));
    part = partLimits(goodLikeness, { part: likeness('part'), empty: likeness('empty') });
    learned = { ...learned, empty: nest.empty };
    await meter.configure('view', learned);
  });
  after(() => meter.stop());

  const judged = async (picture: RawPicture) => {
    const { measures } = await meter.measure('view', frame(picture), 5000);
    return judgeScene({ measures, bands, checks, part });
  };

  it('finds nothing wrong with good parts, nor with bad ones', async () => {
    for (let i = 101; i <= 112; i++) {
      for (const defective of [false, true]) {
        const { state, part: presence, findings } = await judged(linePicture(i, { defective }));
        assert.deepEqual([state, presence], ['good', 'present'], JSON.stringify(findings));
      }
    }
  });

  const table: [string, (picture: RawPicture) => RawPicture, SceneState, string][] = [
    ['half the light', (one) => spoilt.darkened(one), 'invalid', 'level'],
    ['a fifth less light', (one) => spoilt.darkened(one, 0.8), 'attention', 'level'],
    ['too much light', (one) => spoilt.brightened(one), 'invalid', 'level'],
    ['glare', (one) => spoilt.saturated(one), 'invalid', 'bright'],
    ['no light', (one) => spoilt.black(one), 'invalid', 'dark'],
    ['fog', (one) => spoilt.foggy(one), 'invalid', 'contrast'],
    ['a colour cast', (one) => spoilt.reddish(one), 'invalid', 'redGreen'],
    ['a lens out of focus', (one) => spoilt.blurred(one, 3), 'invalid', 'focus'],
    ['a lens a little out of focus', (one) => spoilt.blurred(one, 1), 'attention', 'focus'],
    ['a moved camera', (one) => spoilt.shifted(one, 16), 'invalid', 'shift'],
    ['a slightly moved camera', (one) => spoilt.shifted(one, 6), 'attention', 'shift'],
  ];
  for (const [what, spoil, state, measure] of table) {
    it(`finds ${what}: ${measure} needs ${state}`, async () => {
      const { state: all, values, part: presence } = await judged(spoil(linePicture(60)));
      assert.equal(values.find((one) => one.measure === measure)?.state, state, JSON.stringify(values));
      assert.deepEqual([all, presence], [state, 'present']);
    });
  }

  it('finds a frozen picture in other bytes of the same pixels, and an empty nest', async () => {
    const picture = linePicture(61);
    assert.equal((await judged(picture)).state, 'good');
    const again = await judged({ ...picture, data: Buffer.from(picture.data) });
    assert.deepEqual([again.state, again.findings[0].cause], ['invalid', 'frozen']);
    for (const nest of [emptyNest(20), emptyNest(21), spoilt.darkened(emptyNest(22), 0.7)]) {
      assert.equal((await judged(nest)).part, 'absent');
    }
  });

  it('measures a frame once, however often it is asked', async () => {
    const one = frame(linePicture(62));
    const [first, second] = await Promise.all([meter.measure('view', one, 5000), meter.measure('view', one, 5000)]);
    assert.equal(first, second);
    assert.ok((first.measures.change ?? 0) > 0, 'it was not compared with itself');
  });

  it('sends back one sentence for what is no picture, and goes on', async () => {
    const broken = new Frame({
      ...frame(linePicture(1)).info,
      ...{ id: undefined, encoding: 'jpeg', data: Buffer.from('no picture at all') },
    });
    await assert.rejects(meter.measure('view', broken, 5000), { code: 'GP_IMAGE_UNREADABLE' });
    await meter.measure('view', frame(linePicture(63)), 5000);
  });

  it('keeps a caller waiting no longer than it can, and does not lose its child for that', async () => {
    const { starts } = meter.stats();
    await assert.rejects(meter.measure('view', frame(linePicture(64)), 0.01), { code: 'GP_CHILD_DEADLINE' });
    await meter.measure('view', frame(linePicture(65)), 5000);
    assert.equal(meter.stats().starts, starts);
  });

  it('says that pictures without a common layout make no reference', async () => {
    await meter.configure('other', { ...blank, part: null });
    for (let i = 0; i < 8; i++) {
      const picture = linePicture(i + 1);
      // blocks that have nothing to do with each other
      for (let j = 0; j < picture.data.length; j++) {
        const [x, y] = [Math.floor(j / 3) % picture.width, Math.floor(j / 3 / picture.width)];
        picture.data[j] =
          (Math.floor(x / 20) * 73 + Math.floor(y / 20) * 151 + i * 197 * (Math.floor(x / 20) + 3)) % 256;
      }
      await meter.collect('other', frame(picture));
    }
    const { reference } = await meter.learn('other', 'good');
    assert.equal(reference, null);
    await assert.rejects(meter.learn('other', 'good'), { code: 'GP_LEARN_FAILED' });
  });

  it('comes back after a crash, with what it was told to look at', async () => {
    const { pid, starts } = meter.stats();
    process.kill(pid ?? 0, 'SIGKILL');
    await until('another child', () => meter.state === 'running' && meter.stats().starts > starts);
    const { measures } = await meter.measure('view', frame(linePicture(66)), 5000);
    assert.ok(measures.shift !== undefined && measures.shift < 0.02, 'with the reference');
    assert.ok(!('change' in measures), 'it has seen no picture before');
  });
});
