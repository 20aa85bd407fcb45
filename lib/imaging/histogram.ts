import { type ImageInput, openImage } from './decode.ts';

export interface ChannelHistogram {
  channel: 'grey' | 'red' | 'green' | 'blue';
  /** Shares 0..1 of the pixels, in intervals of equal width from 0 to the histogram's `to`. */
  bins: number[];
  min: number;
  max: number;
  mean: number;
  /** Share 0..1 of pixels at the lower end of the range: what lies there is lost in the dark. */
  clippedLow: number;
  /** Share 0..1 of pixels at the upper end of the range: what lies there is overexposed. */
  clippedHigh: number;
}

export interface Histogram {
  bitDepth: 8 | 16;
  /** Upper end of the range in the picture's own units: 255; of 16 bits, the smallest of 1023, 4095, 16383 and 65535 that holds every sample. */
  to: number;
  /** How many pixels were looked at, evenly spread over the picture. */
  pixels: number;
  /** One of grey, three of colour. */
  channels: ChannelHistogram[];
  /** Between these values lie all but half a percent of the samples at each end. */
  window: { low: number; high: number };
}

/** Ranges of cameras that deliver 10, 12, 14 or 16 bits in 16. */
const ranges16 = [1023, 4095, 16383, 65535];
/** Width of the ends that count as clipped: one step of 8 bits (JPEG rounds), 1/1024 of the range of 16. */
const clippedSteps = { 8: 1, 16: 1 / 1024 };
const outside = 0.005;

/**
 * How the samples of a picture are distributed over their range, 16 bits unreduced. Looks at `mostPixels` pixels at most,
 * single ones that are not averaged, so that a small highlight counts for what it is. With the picture's own size. Throws GP_IMAGE_UNREADABLE.
 */
export async function histogram(
  image: ImageInput,
  { bins = 64, mostPixels = 250_000 } = {},
): Promise<Histogram & { width: number; height: number }> {
  const opened = await openImage(image);
  const { grey, bitDepth } = opened;
  const step = Math.max(1, Math.sqrt((opened.width * opened.height) / mostPixels));
  const [width, height] = [opened.width, opened.height].map((side) => Math.max(1, Math.floor(side / step)));
  const space = bitDepth === 8 ? (grey ? 'b-w' : 'srgb') : grey ? 'grey16' : 'rgb16';
  const pixels = opened.pixels
    .resize(width, height, { fit: 'fill', kernel: 'nearest', fastShrinkOnLoad: false })
    .toColourspace(space)
    .raw({ depth: bitDepth === 8 ? 'uchar' : 'ushort' });
  const data = await opened.finish(pixels);
  const samples = bitDepth === 8 ? data : samples16(data);
  const described = describeSamples(samples, { channels: grey ? 1 : 3, bitDepth, bins });
  return { width: opened.width, height: opened.height, ...described };
}

/** The same of interleaved samples; pure. */
export function describeSamples(
  samples: Uint8Array | Uint16Array,
  { channels, bitDepth, bins }: { channels: 1 | 3; bitDepth: 8 | 16; bins: number },
): Histogram {
  const counts = Array.from({ length: channels }, () => new Uint32Array(2 ** bitDepth));
  for (let i = 0; i < samples.length; i += channels) {
    for (let c = 0; c < channels; c++) counts[c][samples[i + c]] += 1;
  }
  const pixels = samples.length / channels;
  const highest = Math.max(...counts.map((of) => of.findLastIndex((count) => count > 0)));
  const to = bitDepth === 8 ? 255 : (ranges16.find((end) => highest <= end) ?? 65535);
  const names = channels === 1 ? (['grey'] as const) : (['red', 'green', 'blue'] as const);
  return {
    bitDepth,
    to,
    pixels,
    channels: counts.map((of, c) => ({ channel: names[c], ...describeChannel(of, { to, bins, pixels, bitDepth }) })),
    window: windowOf(counts, samples.length),
  };
}

function describeChannel(
  counts: Uint32Array,
  { to, bins, pixels, bitDepth }: { to: number; bins: number; pixels: number; bitDepth: 8 | 16 },
): Omit<ChannelHistogram, 'channel'> {
  const shares = new Array<number>(bins).fill(0);
  const width = bitDepth === 8 ? clippedSteps[8] : Math.floor(to * clippedSteps[16]);
  let [sum, low, high] = [0, 0, 0];
  for (let value = 0; value <= to; value++) {
    const count = counts[value];
    if (count === 0) continue;
    shares[Math.floor((value * bins) / (to + 1))] += count / pixels;
    sum += value * count;
    if (value <= width) low += count;
    if (value >= to - width) high += count;
  }
  return {
    bins: shares,
    min: counts.findIndex((count) => count > 0),
    max: counts.findLastIndex((count) => count > 0),
    mean: sum / pixels,
    clippedLow: low / pixels,
    clippedHigh: high / pixels,
  };
}

/** The lowest and the highest value that more than `outside` of the samples do not pass. */
function windowOf(counts: readonly Uint32Array[], samples: number): { low: number; high: number } {
  const most = samples * outside;
  const at = (value: number) => counts.reduce((sum, of) => sum + of[value], 0);
  let low = 0;
  for (let passed = at(0); passed <= most; passed += at(low)) low += 1;
  let high = counts[0].length - 1;
  for (let passed = at(high); passed <= most; passed += at(high)) high -= 1;
  return { low, high };
}

/** Samples of 16 bits in this machine's order; copied only where the Buffer does not start on an even byte. */
export function samples16(data: Buffer): Uint16Array {
  const aligned = data.byteOffset % 2 === 0 ? data : Uint8Array.from(data);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
}
