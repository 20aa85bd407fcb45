import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { repositoryRoot } from '../kit/needs.ts';

export const command = join(repositoryRoot, 'dist/lib/cli/goodpart.js');

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command as a shell would, in a pipe. */
export function goodpart(...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  });
  return { status, stdout, stderr };
}

/** The one JSON object that `--json` promises; throws where stdout holds anything else. */
export function json<T>({ stdout }: Ran): T {
  return JSON.parse(stdout) as T;
}

const side = 64;

export interface Drawing {
  /** A dark spot that no good part has. */
  spot?: { x: number; y: number; size: number };
  size?: number;
}

/** One part: rings on a slope with a little noise and light of its own, grey, PNG. */
export function drawPart(number: number, { spot, size = side }: Drawing = {}): Promise<Buffer> {
  const random = seededRandom(number);
  const light = 1 + 0.03 * gaussian(random);
  const data = Buffer.alloc(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const ring = Math.cos(Math.hypot(x - size / 2, y - size / 2) / 5);
      const hole = spot && Math.max(Math.abs(x - spot.x), Math.abs(y - spot.y)) < spot.size / 2;
      const value = hole ? 20 : (120 + 40 * ring + (40 * x) / size) * light + 6 * (random() - 0.5);
      data[y * size + x] = Math.max(0, Math.min(255, value));
    }
  }
  return sharp(data, { raw: { width: size, height: size, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
}

/** `count` good parts as files `0.png`, … of a new folder. Returns it. */
export async function drawGood(folder: string, count: number, from = 0): Promise<string> {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; i++) writeFileSync(join(folder, `${i}.png`), await drawPart(from + i));
  return folder;
}

/** A labelled set in MVTec AD's layout: good pictures, and spots with their masks. */
export async function drawSet(folder: string, { good = 8, defects = 6 } = {}): Promise<string> {
  await drawGood(join(folder, 'test/good'), good, 1000);
  for (const name of ['test/spot', 'ground_truth/spot']) mkdirSync(join(folder, name), { recursive: true });
  for (let i = 0; i < defects; i++) {
    const spot = { x: 14 + 6 * i, y: 20 + 5 * i, size: 9 };
    writeFileSync(join(folder, 'test/spot', `${i}.png`), await drawPart(2000 + i, { spot }));
    const mask = Buffer.alloc(side * side);
    for (let y = spot.y - 4; y <= spot.y + 4; y++) mask.fill(255, y * side + spot.x - 4, y * side + spot.x + 5);
    const file = join(folder, 'ground_truth/spot', `${i}_mask.png`);
    await sharp(mask, { raw: { width: side, height: side, channels: 1 } })
      .png()
      .toFile(file);
  }
  return folder;
}
