import {
  hasCommonLayout,
  makeReference,
  noCommonLayout,
  type PreparedReference,
  prepareReference,
  proposeMinAgreement,
  register,
  warp,
  withinLimits,
} from '../imaging/registration.ts';
import type { RegistrationReference } from '../scoring/model-schema.ts';
import { failed } from './failure.ts';
import type { RegistrationLimits } from './options.ts';
import { fewestPictures, type UsablePictures } from './pictures/picture-set.ts';

type Progress = (done: number, total: number) => Promise<void>;

/** The pictures moved onto each other, and what finds the part in later frames. */
export interface Registered {
  pictures: UsablePictures;
  registration: RegistrationReference;
}

/**
 * Makes the reference of good pictures and moves each onto it; those that lie beyond the limits are skipped with the reason.
 * Throws GP_LEARN_FAILED where they have no common layout.
 */
export async function registerPictures(
  pictures: UsablePictures,
  limits: RegistrationLimits,
  progress: Progress,
): Promise<Registered> {
  const { size, channels, count, aspect } = pictures;
  await progress(0, count);
  const all = Array.from({ length: count }, (_, i) => ({ pixels: pictures.pixels(i), ...size, channels }));
  const reference = makeReference(all, { ...limits, aspect });
  const open = prepareReference({ ...limits, minAgreement: -1, reference });
  const agreements: number[] = [];
  for (let i = 0; i < count; i++) {
    agreements.push(register(pictures.pixels(i), size, channels, open).agreement);
    await progress(i + 1, count);
  }
  if (!hasCommonLayout(agreements)) throw failed('registration', 'good pictures that show the same layout', noCommonLayout);
  const registration = { ...limits, minAgreement: proposeMinAgreement(agreements), reference };
  const moved = await registerTo(pictures, registration, progress);
  if (moved.count < fewestPictures) {
    const expected = `at least ${fewestPictures} good pictures whose part lies within the limits`;
    throw failed('registration', expected, `${moved.count} of ${count}`);
  }
  return { pictures: moved, registration };
}

/** Moves each picture onto a reference that exists. */
export async function registerTo(
  pictures: UsablePictures,
  registration: RegistrationReference,
  progress: Progress,
): Promise<UsablePictures> {
  const prepared = prepareReference(registration);
  const { size, channels, count } = pictures;
  const placed: Placed[] = [];
  for (let i = 0; i < count; i++) {
    placed.push(place(pictures.pixels(i), prepared, { size, channels }));
    await progress(i + 1, count);
  }
  return pictures.moved((i) => placed[i]);
}

type Placed = { pixels: Buffer } | { reason: string };

/** One picture moved onto the reference, or why it cannot be. */
export function place(
  pixels: Buffer,
  prepared: PreparedReference,
  { size, channels }: Pick<UsablePictures, 'size' | 'channels'>,
): Placed {
  const found = register(pixels, size, channels, prepared);
  if (withinLimits(found, prepared.limits)) return { pixels: warp(pixels, size, channels, found, prepared.aspect) };
  const { dx, dy, rotation, agreement } = found;
  const where = `shifted by ${(dx * 100).toFixed(1)} % and ${(dy * 100).toFixed(1)} %, turned by ${rotation.toFixed(1)}°`;
  return { reason: `the part is not where it can be registered: ${where}, agreement ${agreement.toFixed(2)}` };
}
