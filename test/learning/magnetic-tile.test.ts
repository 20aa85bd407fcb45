import assert from 'node:assert/strict';
import type { LearnResult } from '../../lib/learning/learning-job.ts';
import { needs, sharedData } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { learnTiles, type TileFigures, testTiles } from './magnetic-tile.ts';

describe('learning from 300 good magnetic tiles', function () {
  this.timeout(180_000);
  let learned: LearnResult;
  let figures: TileFigures;

  before(async function () {
    const data = sharedData('magnetic_tile');
    needs(this, 'shared/data/magnetic_tile', data !== undefined);
    assert.ok(data);
    learned = await learnTiles(data, tempDir('tiles'));
    figures = await testTiles(data, learned);
    const { auroc, runMsMedian } = figures;
    console.log(`    AUROC ${auroc.toFixed(4)}, ${learned.seconds.toFixed(1)} s, run ${runMsMedian.toFixed(1)} ms`);
  });

  it('tells defects from good parts through the written graph with an image AUROC of at least 0.86', () => {
    assert.equal(learned.images, 300);
    assert.ok(figures.auroc >= 0.86, `AUROC ${figures.auroc}`);
  });

  it('keeps the promised false rejects on good parts it has not seen', () => {
    const share = (limit: number) => figures.good.filter((score) => score > limit).length / figures.good.length;
    // 80 parts: five per cent are four of them; more than ten would come once in a thousand times.
    assert.ok(share(learned.warn) <= 10 / 80, `above warn ${share(learned.warn)}`);
    assert.ok(share(learned.fail) <= 5 / 80, `above fail ${share(learned.fail)}`);
    assert.ok(figures.bad.some((score) => score > learned.fail));
  });
});
