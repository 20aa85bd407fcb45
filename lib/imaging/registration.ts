export { laidFromElsewhere, layAsLearned } from './laying.ts';
export { type Placement, warp } from './placement.ts';
export { makeReference, type RegistrationPicture } from './reference.ts';
export {
  type PreparedReference,
  prepareReference,
  type ReferencePicture,
  type RegistrationLimits,
  register,
  withinLimits,
} from './register.ts';

/**
 * Least agreement of a good picture of a set with a common layout: a quarter of what varies in the picture is the layout. Pictures
 * that have nothing to do with each other reach 0.2 typically and 0.5 at the highest (measured on five kinds of pictures).
 */
const leastOfLayout = 0.5;
const shareOfLayout = 0.9;
const noAgreement = 0.3;

/** Whether good pictures, each registered to the reference made of them, have a layout at all that they can be registered to. */
export function hasCommonLayout(agreements: readonly number[]): boolean {
  const agreeing = agreements.filter((agreement) => agreement >= leastOfLayout).length;
  return agreements.length > 0 && agreeing >= shareOfLayout * agreements.length;
}

/** For `hasCommonLayout` false: one sentence for people, without the full stop. */
export const noCommonLayout =
  'these pictures have no common layout to register to: learn without registration, or with pictures of one product in one set-up';

/**
 * The least agreement of a frame that counts as registered: well below that of good pictures, because a part with a defect is to be
 * found and judged too, and above that of pictures that show something else.
 */
export function proposeMinAgreement(agreements: readonly number[]): number {
  const sorted = [...agreements].sort((a, b) => a - b);
  const low = sorted[Math.floor(sorted.length * 0.05)] ?? 0;
  return Math.max(noAgreement, Math.round(60 * low) / 100);
}
