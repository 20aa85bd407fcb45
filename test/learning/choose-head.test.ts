import assert from 'node:assert/strict';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { chooseHead, type HeadCandidate, positionShare } from '../../lib/learning/heads/choose-head.ts';
import { assignFolds, fitHead } from '../../lib/learning/heads/cross-fit.ts';
import type { HeadFit, HeadKind } from '../../lib/learning/heads/head.ts';
import { randomSamples, rest } from './head-samples.ts';

const fits = new Map<HeadKind, HeadFit>();

/** A head whose drawn defects score `lift` above its good pictures, both spread by one. */
function candidate(kind: HeadKind, lift: number, count = 200, seed = 1): HeadCandidate {
  const fit = fits.get(kind);
  assert.ok(fit);
  const random = seededRandom(seed);
  const scores = (mean: number) => Array.from({ length: count }, () => mean + gaussian(random));
  return { fit, goodScores: scores(0), defectScores: scores(lift) };
}

describe('the automatic choice of a head', () => {
  before(async () => {
    const samples = randomSamples(25, 3, 4, 1);
    for (const kind of ['gaussian', 'nearest'] as const) {
      const fit = await fitHead(kind, samples, assignFolds(25, 1), { width: 2, height: 2 }, { seed: 1, pause: rest });
      assert.ok(fit);
      fits.set(kind, fit);
    }
  });

  it('takes the head that finds drawn defects better, in whatever order they come', () => {
    const [weak, strong] = [candidate('gaussian', 0.5), candidate('nearest', 1.5)];
    for (const order of [
      [weak, strong],
      [strong, weak],
    ]) {
      const { chosen, why } = chooseHead(order, 0.9);
      assert.equal(chosen.kind, 'nearest');
      assert.match(
        why,
        /^Nearest neighbour: it told 200 drawn defects from good parts better than the Gaussian per position \(area/,
      );
    }
    assert.equal(chooseHead([candidate('gaussian', 1.5), candidate('nearest', 0.5)], 0).chosen.kind, 'gaussian');
  });

  it('does not follow a difference that chance explains, and then takes the cheaper one', () => {
    const { chosen, why } = chooseHead([candidate('gaussian', 1, 30, 1), candidate('nearest', 1.2, 30, 2)], 0.3);
    assert.equal(chosen.kind, 'gaussian');
    assert.match(why, /did not decide .* position explains 30\.0 % of how a cell looks; it is the cheaper one\.$/);
    assert.equal(
      chooseHead([candidate('gaussian', 1, 30, 1), candidate('nearest', 1.2, 30, 2)]).chosen.kind,
      'gaussian',
    );
  });

  it('takes the nearest neighbour where nothing else decides and position says nothing', () => {
    const { chosen, why } = chooseHead([candidate('gaussian', 1), candidate('nearest', 1)], 0.003);
    assert.equal(chosen.kind, 'nearest');
    assert.match(why, /position explains only 0\.3 % of how a cell looks: the part does not sit still\.$/);
    const none = [candidate('gaussian', 1, 0), candidate('nearest', 1, 0)];
    assert.match(
      chooseHead(none, 0.5).why,
      /^Gaussian per position: no defects were drawn, and position explains 50\.0 %/,
    );
    assert.equal(chooseHead(none, 0).chosen.kind, 'nearest');
  });

  it('has no choice with one head, and says so where there is none', () => {
    assert.match(chooseHead([candidate('nearest', 1)]).why, /the only one fitted/);
    assert.throws(() => chooseHead([]), { code: 'GP_LEARN_FAILED' });
  });
});

describe('the share of looks that position explains', () => {
  it('is that of the position’s own part of the variance, and nothing where there is none', () => {
    const random = seededRandom(5);
    const own = Float32Array.from({ length: 50 * 6 }, () => gaussian(random));
    for (const size of [0, 1, 2]) {
      const samples = randomSamples(40, 6, 50, 3, (z) => z.map((value, i) => value + size * own[i]));
      const share = positionShare(samples);
      assert.ok(Math.abs(share - size ** 2 / (1 + size ** 2)) < 0.05, `${share} for ${size}`);
    }
  });

  it('is zero for pictures without any variance', () => {
    assert.equal(positionShare(randomSamples(20, 2, 3, 1, (z) => z.fill(4))), 0);
  });
});
