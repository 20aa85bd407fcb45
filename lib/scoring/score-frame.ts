import { systemClock } from '../core/clock.ts';
import type { ImageInput } from '../imaging/decode.ts';
import type { Levels } from '../imaging/levels.ts';
import type { PreparedReference } from '../imaging/registration.ts';
import type { ScoreReply } from './engine-wire.ts';
import type { InOrder } from './in-order.ts';
import { modelPixels } from './model-pixels.ts';
import type { ModelDescription } from './model-schema.ts';
import { laidAsLearned } from './registering.ts';
import { type Prepared, type Ran, scoreReply } from './score-reply.ts';

/** What frames are scored with. */
export interface Subject {
  model: ModelDescription;
  /** Where frames are moved to before scoring; null where they are not. */
  reference: PreparedReference | null;
  /** Present where frames must be run in the order they came, however long each takes to decode. */
  order?: InOrder;
}

/** All that an engine's child does with a frame but the run itself: decode, resize, lay as learned, read score and map. */
export async function scoreFrame(
  frame: ImageInput,
  subject: Subject,
  run: (pixels: Levels) => Promise<Ran>,
): Promise<{ body: ScoreReply; payloads: Buffer[] }> {
  const { pixels, prepared } = await prepareFrame(frame, subject);
  return scoreReply(subject.model, prepared, await run(pixels));
}

/** What comes before the run. The pixels (HWC, of the input's size) are the caller's own. */
export async function prepareFrame(
  frame: ImageInput,
  { model, reference, order }: Subject,
): Promise<{ pixels: Levels; prepared: Prepared }> {
  const received = systemClock.mono();
  // started at once, so that it goes on beside the run of the frame before
  const decoding = modelPixels(frame, model.input);
  const image = await (order?.next(decoding) ?? decoding);
  const laid = reference && laidAsLearned(image.pixels, model.input, reference);
  return {
    pixels: laid?.pixels ?? image.pixels,
    prepared: {
      image: { width: image.width, height: image.height },
      ...(laid && { registration: laid.registration }),
      received,
      decoded: systemClock.mono(),
    },
  };
}
