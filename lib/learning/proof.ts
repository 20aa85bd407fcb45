import { existsSync } from 'node:fs';
import type { Roi } from '../core/inspection.ts';
import { type PreparedReference, prepareReference } from '../imaging/registration.ts';
import { measureRegion } from '../rules/measure.ts';
import type { RegistrationReference } from '../scoring/model-schema.ts';
import { failed } from './failure.ts';
import type { Pictures } from './features/extractor.ts';
import type { FinishedModel } from './finished-model.ts';
import type { LaidRegion, RegionLimits } from './limits/regions.ts';
import { fewestParts, fewestPresentations } from './limits/repeatability.ts';
import { groupsIn, loadFile } from './pictures/files.ts';
import { PictureSet } from './pictures/picture-set.ts';
import { place } from './registering.ts';

/** A picture shown to the finished model: a defect, or a part presented again. */
export interface Shown {
  /** Kind of defect, or the part. */
  group: string;
  label: string;
  score: number;
  map: Float32Array;
}

/**
 * Scores the pictures of folders (subfolders are kinds or parts) by the finished model as the station will: decoded, registered,
 * run. Throws GP_LEARN_FAILED for a folder without pictures, a picture that cannot be read, a score that is no number.
 */
export async function showPictures(
  what: 'defects' | 'repeats',
  folders: readonly { path: string; kind?: string }[],
  model: FinishedModel,
  { size, channels, window }: Pick<Pictures, 'size' | 'channels' | 'window'>,
  registration: RegistrationReference | undefined,
  progress: (done: number, total: number) => Promise<void>,
): Promise<Shown[]> {
  const set = new PictureSet({ keepAspect: false, side: size.width, fixed: size, channels, window: window ?? null });
  const prepared: PreparedReference | undefined = registration && prepareReference(registration);
  const files: { group: string; path: string }[] = [];
  for (const { path, kind } of folders) {
    const groups = await groupsIn(path);
    const found = groups.flatMap(({ group, files: list }) =>
      list.map((file) => ({ group: kind ?? group, path: file })),
    );
    if (found.length === 0) throw failed(what, 'a folder with pictures', path);
    files.push(...found);
  }
  const shown: Shown[] = [];
  for (const [i, { group, path }] of files.entries()) {
    const decoded = await set
      .read(() => loadFile(path))
      .catch((error: Error) => {
        throw failed(`picture ${path} of ${what}`, 'one that can be read', error.message);
      });
    const placed = prepared ? place(decoded, prepared, { size, channels }) : { pixels: decoded };
    // a part out of place is not inspected, so its score says nothing of what the model sees
    if ('reason' in placed) throw failed(`picture ${path} of ${what}`, 'a part that can be registered', placed.reason);
    const { map, score } = await model.run(placed.pixels);
    if (!Number.isFinite(score)) throw failed(`the score of ${path}`, 'a finite number', String(score));
    shown.push({ group, label: path, score, map });
    await progress(i + 1, files.length);
  }
  return shown;
}

/** Says before anything is learned that a folder of `defects` holds nothing. Throws GP_LEARN_FAILED. */
export async function checkDefects(folders: readonly { path: string }[]): Promise<void> {
  for (const { path } of folders) {
    const files = existsSync(path) ? (await groupsIn(path)).flatMap((group) => group.files) : [];
    if (files.length === 0) throw failed('defects', 'a folder with pictures', path);
  }
}

/** Says before anything is learned what `repeats` lacks. Throws GP_LEARN_FAILED. */
export async function checkRepeats(folders: readonly { path: string }[]): Promise<void> {
  for (const { path } of folders) {
    const parts = (await groupsIn(path)).filter(({ files }) => files.length >= fewestPresentations);
    if (parts.length >= fewestParts) continue;
    const expected = `a folder with one subfolder for each of at least ${fewestParts} parts, each with ${fewestPresentations} or more pictures`;
    throw failed('repeats', expected, `${parts.length} such subfolders in ${path}`);
  }
}

const words = ['pass', 'warn', 'fail'] as const;

/** What the limits say of a map: the worst region, or the whole picture where no region is drawn. */
export function verdictOf(
  { map, score }: Pick<Shown, 'map' | 'score'>,
  regions: readonly LaidRegion[],
  limits: { warn: number; fail: number; rois: readonly RegionLimits[] },
): (typeof words)[number] {
  const level = (value: number, { warn, fail }: Pick<Roi, 'warn' | 'fail'>) =>
    value > fail ? 2 : value > warn ? 1 : 0;
  if (regions.length === 0) return words[level(score, limits)];
  const levels = regions.map(({ cells }, i) => {
    const region = limits.rois[i];
    return level(measureRegion(map, cells, region.measure, region.areaAbove), region);
  });
  return words[Math.max(...levels)];
}
