/**
 * What `decodeTo` does to a picture, as data: part of every model's preprocessing and so of its hash. Here and not beside the
 * code, so that reading a model.json loads no native module. Change `version` whenever the same bytes could come out as
 * other pixels: older models are then refused instead of being scored by another preprocessing.
 * `shrinkOnLoad: false`: not by libvips' fast kind; libjpeg shrinks as far as a factor of two is left to the filter.
 * `linear` is a triangle filter widened by the reduction (libvips reduce), so it antialiases and never overshoots at edges.
 */
export const decodeDescription = {
  decoder: 'goodpart-decode',
  version: 1,
  resize: 'stretch',
  kernel: 'linear',
  antialias: true,
  shrinkOnLoad: false,
  orientation: 'exif',
  colour: 'srgb',
  alpha: 'dropped',
  depth: 'uint8',
} as const;

/** As `decodeDescription.version`, for what `register` and `warp` do where a model registers its frames. */
export const registrationMethod = 'goodpart-registration 1';
