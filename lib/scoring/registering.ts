import { GoodpartError } from '../core/errors.ts';
import type { Registration } from '../core/inspection.ts';
import type { Levels } from '../imaging/levels.ts';
import {
  layAsLearned,
  type PreparedReference,
  prepareReference,
  register,
  withinLimits,
} from '../imaging/registration.ts';
import type { ModelDescription, ModelInput } from './model-schema.ts';

/** What a model's frames are registered to; null where the model does not register. Throws GP_MODEL_INVALID. */
export function referenceOf({ registration, input }: ModelDescription): PreparedReference | null {
  if (registration === undefined) return null;
  const prepared = prepareReference(registration);
  // compiled before the first part comes
  register(new Uint8Array(input.width * input.height * input.channels), input, input.channels, prepared);
  return prepared;
}

/**
 * Moves a decoded frame (HWC, of the input's size) so that the part lies as in the reference. Throws GP_PART_MISPLACED with
 * what was measured and what the model allows.
 */
export function laidAsLearned<T extends Levels>(
  pixels: T,
  input: Pick<ModelInput, 'width' | 'height' | 'channels'>,
  reference: PreparedReference,
): { pixels: T; registration: Registration } {
  const registration = register(pixels, input, input.channels, reference);
  if (!withinLimits(registration, reference.limits)) throw misplaced(registration, reference.limits);
  return { pixels: layAsLearned(pixels, input, input.channels, registration, reference), registration };
}

function misplaced({ dx, dy, rotation, agreement }: Registration, limits: PreparedReference['limits']): GoodpartError {
  const { maxShift, maxRotation, minAgreement } = limits;
  const placed = agreement >= minAgreement;
  const expected = placed
    ? `the part within ${percent(maxShift)} of the frame and ${maxRotation}° of its learned place`
    : `a part like the learned one (agreement of at least ${minAgreement.toFixed(2)})`;
  const received = placed
    ? `one ${percent(dx)} ${dx < 0 ? 'left' : 'right'}, ${percent(dy)} ${dy < 0 ? 'up' : 'down'}, ` +
      `${Math.abs(rotation).toFixed(1)}° ${rotation < 0 ? 'counter-clockwise' : 'clockwise'}`
    : `a picture that agrees ${agreement.toFixed(2)} wherever it is looked for`;
  const text = `Expected ${expected} but received ${received}`;
  return new GoodpartError('GP_PART_MISPLACED', text, { field: 'frame', expected, received });
}

const percent = (share: number) => `${(Math.abs(share) * 100).toFixed(1)} %`;
