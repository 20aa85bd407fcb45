import type { Registration } from '../core/inspection.ts';
import type { ScoreReply } from './engine-wire.ts';
import { readOutputs } from './fit.ts';
import type { ModelDescription } from './model-schema.ts';
import type { TensorOutput } from './session.ts';

/** What a reply says of its frame beside what the run says. Plain data: it may go to another thread. */
export interface Prepared {
  image: { width: number; height: number };
  registration?: Registration;
  /** Monotonic instants: the frame had come, its pixels were there. */
  received: number;
  decoded: number;
}

/** What ran the graph on one frame, with the monotonic instants around the run; `provider` where it differs from run to run. */
export interface Ran {
  outputs: Record<string, TensorOutput>;
  began: number;
  ended: number;
  provider?: string;
}

/** Reads score and map. The outputs go to the parent as they are, so nobody may write into them any more. Throws GP_MODEL_INVALID. */
export function scoreReply(
  model: ModelDescription,
  { image, registration, received, decoded }: Prepared,
  { outputs, began, ended, provider }: Ran,
): { body: ScoreReply; payloads: Buffer[] } {
  const { score, map, classes } = readOutputs(model, outputs);
  // as bytes: JSON has no NaN and no infinity
  const number = Buffer.alloc(8);
  number.writeDoubleLE(score);
  return {
    body: {
      image,
      map: map && { width: map.width, height: map.height },
      timings: { decode: decoded - received, queue: began - decoded, run: ended - began },
      ...(registration && { registration }),
      ...(provider !== undefined && { provider }),
      ...(classes && { classes: Array.from(classes) }),
    },
    payloads: map ? [number, littleEndian(map.values)] : [number],
  };
}

/** Every machine that this runs on is little endian: the floats' own bytes. */
function littleEndian(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
