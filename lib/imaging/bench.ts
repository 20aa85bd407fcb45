import { systemClock } from '../core/clock.ts';
import { gaussian, seededRandom } from '../core/random.ts';
import type { ImageInput } from './decode.ts';
import { encodeJpeg } from './encode.ts';
import { partMask, partPatch, partTemplate } from './part-likeness.ts';
import { regionMask } from './region-mask.ts';
import { makeReference, prepareReference } from './registration.ts';
import { boxPixels } from './scene-box.ts';
import { measureScene } from './scene-measures.ts';
import { decodeScene } from './scene-picture.ts';

/** A disc and bars with noise, RGB. */
function picture(width: number, height: number, seed: number): ImageInput {
  const random = seededRandom(seed);
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [(i % width) / width, Math.floor(i / width) / height];
    const level = Math.hypot(x - 0.5, y - 0.5) < 0.3 ? 170 : (x * 16) % 1 < 0.5 ? 60 : 90;
    for (let k = 0; k < 3; k++) data[i * 3 + k] = Math.max(0, Math.min(255, level + 3 * gaussian(random)));
  }
  return { data, info: { encoding: 'raw', width, height, channels: 3, bitDepth: 8 } };
}

async function spread(work: () => unknown, runs = 40): Promise<{ p50: number; max: number }> {
  const times: number[] = [];
  for (let i = 0; i < runs + 10; i++) {
    const began = systemClock.mono();
    await work();
    if (i >= 10) times.push(systemClock.mono() - began);
  }
  times.sort((a, b) => a - b);
  const rounded = (ms: number) => Math.round(ms * 10) / 10;
  return { p50: rounded(times[times.length >> 1]), max: rounded(times[times.length - 1]) };
}

/** Milliseconds that a scene check costs a picture in its child: decoding to 640 pixels, and all measures. */
export async function bench(): Promise<Record<string, unknown>> {
  const out: Record<string, unknown> = {};
  for (const [width, height] of [
    [640, 480],
    [1920, 1080],
  ]) {
    const raw = picture(width, height, 1);
    const jpeg = await encodeJpeg(raw, { quality: 90 });
    const file: ImageInput = {
      data: jpeg,
      info: { encoding: 'jpeg', width: null, height: null, channels: null, bitDepth: null },
    };
    const scene = await decodeScene(raw);
    const box = { left: 0, top: 0, width: scene.width, height: scene.height };
    const o = { maxShift: 0.25, maxRotation: 5 };
    const made = makeReference([{ ...box, channels: 1, pixels: boxPixels(scene, box) }], o);
    const subject = {
      ...{ mask: regionMask([], scene), box, previous: scene.grey },
      reference: prepareReference({ ...o, minAgreement: 0.3, reference: made }),
      part: { box, mask: partMask([], box, scene), typical: partTemplate([partPatch(scene, box)]), empty: null },
    };
    out[`${width}x${height}`] = {
      decodeRawMs: await spread(() => decodeScene(raw)),
      decodeJpegMs: await spread(() => decodeScene(file)),
      measureMs: await spread(() => measureScene(scene, subject)),
    };
  }
  return out;
}
