import { systemClock } from '../core/clock.ts';
import type { ImageInput } from '../imaging/decode.ts';
import type { PreparedReference } from '../imaging/registration.ts';
import type { ScoreReply } from './engine-wire.ts';
import { readOutputs, toTensor } from './fit.ts';
import { modelPixels } from './model-pixels.ts';
import type { ModelDescription } from './model-schema.ts';
import { laidAsLearned } from './registering.ts';
import type { TensorInput, TensorOutput } from './session.ts';

/** What ran the graph on one tensor, with the monotonic instants around the run; `provider` where it differs from run to run. */
export interface Ran {
  outputs: Record<string, TensorOutput>;
  began: number;
  ended: number;
  provider?: string;
}

/** All that an engine's child does with a frame but the run itself: decode, resize, lay as learned, read score and map. */
export async function scoreFrame(
  frame: ImageInput,
  model: ModelDescription,
  reference: PreparedReference | null,
  run: (tensor: TensorInput) => Promise<Ran>,
): Promise<{ body: ScoreReply; payloads: Buffer[] }> {
  const received = systemClock.mono();
  // started at once, so that it goes on beside the run of the frame before
  const image = await modelPixels(frame, model.input);
  const laid = reference && laidAsLearned(image.pixels, model.input, reference);
  const decoded = systemClock.mono();
  const { outputs, began, ended, provider } = await run(toTensor(laid?.pixels ?? image.pixels, model.input));
  const { score, map, classes } = readOutputs(model, outputs);
  // as bytes: JSON has no NaN and no infinity
  const number = Buffer.alloc(8);
  number.writeDoubleLE(score);
  return {
    body: {
      image: { width: image.width, height: image.height },
      map: map && { width: map.width, height: map.height },
      timings: { decode: decoded - received, queue: began - decoded, run: ended - began },
      ...(laid && { registration: laid.registration }),
      ...(provider !== undefined && { provider }),
      ...(classes && { classes: Array.from(classes) }),
    },
    payloads: map ? [number, littleEndian(map.values)] : [number],
  };
}

export function wantedOutputs({ outputs, classes }: ModelDescription): string[] {
  const names = [outputs.map, outputs.score, classes?.output].filter((name) => name != null);
  return [...new Set(names)];
}

/** Every machine that this runs on is little endian: the floats' own bytes. */
function littleEndian(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
