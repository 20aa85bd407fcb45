import { systemClock } from '../../lib/core/clock.ts';
import { Frame } from '../../lib/core/frame.ts';
import type { FakeModel } from '../kit/fake-kserve.ts';

/** `meanModel` of tiny-models in plain arithmetic: the mean of each pixel's channels, and the mean of all. */
export const fakeMean: FakeModel = {
  name: 'tiny',
  inputs: [{ name: 'image', datatype: 'UINT8', shape: [1, 6, 8, 3] }],
  outputs: [
    { name: 'map', datatype: 'FP32', shape: [1, 6, 8] },
    { name: 'score', datatype: 'FP32', shape: [] },
  ],
  run: (bytes) => {
    const map = Array.from({ length: 48 }, (_, i) => (bytes[3 * i] + bytes[3 * i + 1] + bytes[3 * i + 2]) / 3);
    return { map, score: [map.reduce((sum, one) => sum + one, 0) / 48] };
  },
};

let number = 0;

/** Raw RGB of one level. */
export function solid(level: number, width = 8, height = 6): Frame {
  number += 1;
  return new Frame({
    data: Buffer.alloc(width * height * 3, level),
    encoding: 'raw',
    width,
    height,
    channels: 3,
    bitDepth: 8,
    source: 'test',
    number,
    exposedAt: systemClock.mono(),
    exposedUtc: systemClock.utc(),
    settings: {},
  });
}
