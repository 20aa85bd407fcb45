import assert from 'node:assert/strict';
import { Frame } from '../../lib/core/frame.ts';
import { seededRandom } from '../../lib/core/random.ts';
import { LearningJob, type LearningOptions, type LearnResult } from '../../lib/learning/learning-job.ts';
import { OnnxRuntimeEngine } from '../../lib/scoring/engine.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { bracket, type Lying, photograph } from '../imaging/moved-part.ts';
import { tempDir } from '../kit/temp.ts';

const size = { width: 128, height: 96 };
function frame(seed: number, lying: Lying = {}): Frame {
  return new Frame({
    data: photograph(size, { noise: 3, seed, gain: 1 + (seededRandom(seed)() - 0.5) / 10, ...lying }),
    ...{ encoding: 'raw', ...size, channels: 1, bitDepth: 8, source: 'test', number: seed + 1 },
    ...{ exposedAt: 0, exposedUtc: new Date(0).toISOString(), settings: {} },
  });
}
const good = Array.from({ length: 40 }, (_, seed) => ({ frame: frame(seed) }));
const shifted = Array.from({ length: 16 }, (_, i) => {
  const random = seededRandom(900 + i);
  const side = () => (random() < 0.5 ? -0.035 : 0.035);
  return frame(100 + i, { dx: side(), dy: side(), rotation: 6 * random() - 3 });
});
const scratched = (x: number, y: number) => bracket(x, y) - 60 * Number(Math.abs(x + y / 3 + 0.5) < 0.03 && y > 0.2);

describe('learning with registration', function () {
  this.timeout(120_000);
  const root = tempDir('registering-learn');
  const engine = new OnnxRuntimeEngine({ name: 'registering learn' });
  after(() => engine.stop());

  const learn = (name: string, more: Partial<LearningOptions>) =>
    new LearningJob({
      ...{ images: good, modelsRoot: root, name, keepAspect: true, size: 128 },
      ...{ features: 'bank', head: 'gaussian', sensitivity: false },
      ...more,
    }).run();

  async function severities({ model }: LearnResult, frames: Frame[]): Promise<number[]> {
    const store = new ModelStore(root);
    const { median, fail } = (await store.read(model.name, model.version)).calibration;
    const { key } = await engine.load(store.dirOf(model.name, model.version));
    const out: number[] = [];
    for (const one of frames) {
      const { score } = await engine.score(key, one, { deadlineMs: 10_000 });
      out.push((score - median) / (fail - median));
    }
    return out;
  }

  it('takes a good part shifted by a few percent for what it is, and still sees a scratch in it', async () => {
    const registered = await learn('registered', { registration: { maxShift: 0.06, maxRotation: 5 } });
    const fine = await severities(registered, shifted);
    assert.ok(fine.filter((severity) => severity > 1).length <= 1, `good, shifted: ${fine.map((s) => s.toFixed(2))}`);
    const defects = [1, 2, 3].map((i) => frame(200 + i, { dx: 0.03, dy: -0.03, rotation: i, scene: scratched }));
    const bad = await severities(registered, defects);
    assert.ok(Math.min(...bad) > 1, `scratched, shifted: ${bad.map((s) => s.toFixed(2))}`);
    const still = await learn('still', {});
    const alarmed = await severities(still, shifted);
    assert.ok(Math.min(...alarmed) > 1, `without registration: ${alarmed.map((s) => s.toFixed(2))}`);
  });

  it('leaves out good parts that lie too far off, and says how far', async () => {
    const images = [...good, { frame: frame(300, { dx: 0.15 }) }];
    const { skipped, images: learned } = await learn('far', {
      images,
      registration: { maxShift: 0.06, maxRotation: 5 },
    });
    assert.equal(learned, 40);
    assert.match(skipped[0].reason, /not where it can be registered: shifted by 1[45]\.\d %/);
  });

  it('refuses pictures without a common layout in one sentence', async () => {
    const images = good.map((_, seed) => {
      const random = seededRandom(seed + 50);
      const spots = Array.from({ length: 14 }, () => [random() * 2.6 - 1.3, random() * 2 - 1, 0.05 + 0.2 * random()]);
      const scene = (x: number, y: number) =>
        60 + 100 * Number(spots.some(([cx, cy, radius]) => Math.hypot(x - cx, y - cy) < radius));
      return { frame: frame(seed, { scene }) };
    });
    await assert.rejects(learn('none', { images, registration: { maxShift: 0.06, maxRotation: 5 } }), {
      code: 'GP_LEARN_FAILED',
      message: /no common layout to register to: learn without registration/,
    });
  });
});
