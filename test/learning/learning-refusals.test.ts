import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from '../../lib/core/frame.ts';
import type { LearningOptions } from '../../lib/learning/learning-job.ts';
import { syntheticParts } from '../../lib/learning/synthetic-parts.ts';
import { failure, frames, freshDir, job, roi, wide } from './learning-kit.ts';

describe('a learning job with what cannot be learned from', () => {
  const refusals: [string, Partial<LearningOptions>, RegExp][] = [
    ['no picture', { images: [] }, /at least one picture or folder for images/],
    ['an empty name', { name: '' }, /1 to 64 characters for name/],
    ['a seed that is no whole number', { seed: 1.5 }, /whole number .* for seed/],
    ['a fail rate above the warn rate', { goal: { warn: 0.01, fail: 0.05 } }, /goal\.fail/],
    ['costs that are none', { goal: { missCost: 0, falseRejectCost: 1, defectShare: 0.01 } }, /goal\.missCost/],
    ['a size that is no multiple of 32', { size: 250 }, /a multiple of 32 .* for size/],
    ['a backbone without a file', { features: 'backbone' }, /an ONNX file for backbone/],
    ['a registration beyond its reach', { registration: { maxShift: 0.6, maxRotation: 2 } }, /registration\.maxShift/],
    [
      'a region of two corners',
      {
        rois: [
          roi(1, {
            polygon: [
              [0, 0],
              [1, 1],
            ],
          }),
        ],
      },
      /rois\[0\]\.polygon/,
    ],
  ];
  for (const [what, options, message] of refusals) {
    it(`refuses ${what} at once`, () => {
      assert.throws(() => job('/nowhere', options), message);
    });
  }

  const failures: [string, Partial<LearningOptions>, RegExp][] = [
    [
      'a missing folder',
      { images: [{ path: '/nowhere/good' }] },
      /at least 20 usable.*\/nowhere\/good: there is no such file/,
    ],
    ['too few pictures', { images: frames(wide.slice(0, 19)) }, /at least 20 usable good pictures .* received 19/],
    ['equal pictures', { images: frames(new Array<Frame>(30).fill(wide[0])) }, /pictures that differ .* 30 equal ones/],
    [
      'one picture of another aspect',
      { images: frames([...wide, ...syntheticParts(1, 96, 96, 2)]) },
      /Expected 1\.333:1 \(128 x 96\) .* for the aspect of frame 1 of synthetic but received 1\.000:1 \(96 x 96\)/,
    ],
    [
      'a region hidden by an ignore region',
      {
        rois: [
          roi(1, {}),
          roi(0, {
            mode: 'ignore',
            polygon: [
              [0, 0],
              [1, 0],
              [1, 1],
              [0, 1],
            ],
          }),
        ],
      },
      /ignore regions do not hide for region "region 1" but received none/,
    ],
  ];
  for (const [what, options, message] of failures) {
    it(`fails with one clear error for ${what} and leaves nothing behind`, async () => {
      const root = freshDir();
      const error = await failure(job(root, { size: 64, ...options }).run());
      assert.equal(error.code, 'GP_LEARN_FAILED');
      assert.match(error.message, message);
      assert.deepEqual(readdirSync(root), []);
    });
  }

  it('fails where the models’ folder cannot be written', async () => {
    const file = join(freshDir(), 'models');
    writeFileSync(file, '');
    const error = await failure(job(file).run());
    assert.equal(error.code, 'GP_LEARN_FAILED');
    assert.match(error.message, /models/);
  });

  it('fails for a folder of no pictures', async () => {
    const folder = freshDir();
    mkdirSync(join(folder, 'inner'));
    writeFileSync(join(folder, 'notes.txt'), 'no picture at all');
    const error = await failure(job(freshDir(), { images: [{ path: folder }] }).run());
    assert.match(error.message, /received 0 \(1 skipped, first .*notes\.txt/);
  });
});
