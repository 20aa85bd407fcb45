import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { GoodpartError } from '../../core/errors.ts';
import { filesIn } from '../pictures/files.ts';

export interface LabelledPicture {
  path: string;
  /** The file that marks the defect; null where there is none. */
  mask: string | null;
}

export interface DefectKind {
  name: string;
  pictures: LabelledPicture[];
}

/** Test pictures in the layout of MVTec AD: `test/good`, `test/<defect>`, `ground_truth/<defect>/<name>_mask.png`. */
export interface DataSet {
  dir: string;
  good: string[];
  defects: DefectKind[];
}

const pictureFile = /\.(png|jpe?g|tiff?|webp|bmp)$/i;

/** Reads the layout, no picture. Throws GP_INPUT_INVALID that says what is missing. */
export async function readDataSet(dir: string): Promise<DataSet> {
  const test = join(dir, 'test');
  const good = await picturesIn(join(test, 'good'));
  if (good.length === 0) {
    const what = existsSync(join(test, 'good')) ? 'a folder without pictures' : 'no such folder';
    throw unusable(
      'good pictures in test/good (MVTec layout: test/good, test/<defect>, ground_truth/<defect>)',
      dir,
      what,
    );
  }
  const entries = await readdir(test, { withFileTypes: true });
  const kinds = entries.filter((entry) => entry.isDirectory() && entry.name !== 'good' && !entry.name.startsWith('.'));
  const defects: DefectKind[] = [];
  for (const name of kinds.map((entry) => entry.name).sort()) {
    const files = await picturesIn(join(test, name));
    const masks = await masksIn(join(dir, 'ground_truth', name));
    const pictures = files.map((path) => ({ path, mask: masks.get(stem(path)) ?? null }));
    if (pictures.length > 0) defects.push({ name, pictures });
  }
  return { dir, good, defects };
}

async function picturesIn(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  return (await filesIn(folder)).filter((path) => pictureFile.test(path));
}

/** By the name of the picture that they belong to: `<name>_mask` in MVTec AD, `<name>` in sets made after it. */
async function masksIn(folder: string): Promise<Map<string, string>> {
  const files = await picturesIn(folder);
  return new Map(files.map((path) => [stem(path).replace(/_mask$/, ''), path]));
}

function stem(path: string): string {
  return basename(path, extname(path));
}

function unusable(expected: string, dir: string, received: string): GoodpartError {
  const text = `Expected ${expected} below ${dir} but received ${received}`;
  return new GoodpartError('GP_INPUT_INVALID', text, { field: 'data', expected, received });
}
