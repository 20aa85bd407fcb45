import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GoodpartError } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { Roi } from '../../lib/core/inspection.ts';
import type { ImageInput } from '../../lib/imaging/decode.ts';
import { encodePng } from '../../lib/imaging/encode.ts';
import { LearningJob, type LearningOptions } from '../../lib/learning/learning-job.ts';
import { syntheticParts } from '../../lib/learning/synthetic-parts.ts';
import { tempDir } from '../kit/temp.ts';

export const wide = syntheticParts(24, 128, 96, 1);
export const frames = (list: Frame[]) => list.map((frame) => ({ frame }));
export const png = (frame: Frame) => encodePng({ data: frame.data, info: frame.info } satisfies ImageInput);

export function job(modelsRoot: string, more: Partial<LearningOptions> = {}): LearningJob {
  const quick = { features: 'bank', head: 'gaussian', sensitivity: false } as const;
  return new LearningJob({ images: frames(wide), modelsRoot, name: 'ring', keepAspect: true, ...quick, ...more });
}

const base = tempDir('learning');
let folders = 0;

export function freshDir(): string {
  const path = join(base, String(folders++));
  mkdirSync(path);
  return path;
}

export async function failure(work: Promise<unknown>): Promise<GoodpartError> {
  const error = await work.then(
    () => assert.fail('it should have failed'),
    (thrown: unknown) => thrown,
  );
  assert.ok(GoodpartError.is(error), String(error));
  return error;
}

/** Pids of this process's learning children, from /proc. */
export function learningChildren(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
        return (
          parent === String(process.pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('learning-child')
        );
      } catch {
        return false; // it ended while we looked
      }
    })
    .map(Number);
}

export const roi = (index: number, more: Partial<Roi>): Roi => ({
  index,
  name: `region ${index}`,
  mode: 'inspect',
  polygon: [
    [0.1, 0.1],
    [0.9, 0.1],
    [0.9, 0.6],
    [0.1, 0.6],
  ],
  measure: 'maximum',
  areaAbove: null,
  median: 0,
  warn: 0,
  fail: 0,
  ...more,
});
