import { systemClock } from '../core/clock.ts';
import type { ImageInput } from '../imaging/decode.ts';
import type { Levels } from '../imaging/levels.ts';
import type { PreparedReference } from '../imaging/registration.ts';
import type { ScoreReply } from './engine-wire.ts';
import { readOutputs } from './fit.ts';
import type { InOrder } from './in-order.ts';
import { modelPixels } from './model-pixels.ts';
import type { ModelDescription } from './model-schema.ts';
import { laidAsLearned } from './registering.ts';
import type { TensorOutput } from './session.ts';

/** What frames are scored with. */
export interface Subject {
  model: ModelDescription;
  /** Where frames are moved to before scoring; null where they are not. */
  reference: PreparedReference | null;
  /** Present where frames must be run in the order they came, however long each takes to decode. */
  order?: InOrder;
}

/** What ran the graph on one frame, with the monotonic instants around the run; `provider` where it differs from run to run. */
export interface Ran {
  outputs: Record<string, TensorOutput>;
  began: number;
  ended: number;
  provider?: string;
}

/**
 * All that an engine's child does with a frame but the run itself: decode, resize, lay as learned, read score and map. `run` gets pixels (HWC, of
 * the input's size) that are its own; the outputs that it gives go to the parent as they are, so nobody may write into them any more.
 */
export async function scoreFrame(
  frame: ImageInput,
  { model, reference, order }: Subject,
  run: (pixels: Levels) => Promise<Ran>,
): Promise<{ body: ScoreReply; payloads: Buffer[] }> {
  const received = systemClock.mono();
  // started at once, so that it goes on beside the run of the frame before
  const decoding = modelPixels(frame, model.input);
  const image = await (order?.next(decoding) ?? decoding);
  const laid = reference && laidAsLearned(image.pixels, model.input, reference);
  const decoded = systemClock.mono();
  const { outputs, began, ended, provider } = await run(laid?.pixels ?? image.pixels);
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
