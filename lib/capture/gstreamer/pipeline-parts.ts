import type { GstreamerSettings } from './settings.ts';

/** Which elements do the heavy work: the Jetson's hardware, the CPU, nobody (bytes as the camera made them), or unknown. */
export type Chain = 'jetson' | 'cpu' | 'as made' | 'custom';

/** Whether an element of that name is installed. */
export type Has = (element: string) => boolean;

/** One element with its properties, or one caps filter. */
export type Link = readonly string[];

export interface Part {
  chain: Chain;
  links: Link[];
}

type Output = 'rgb' | 'gray' | 'gray16' | 'jpeg';
type Scaling = Pick<GstreamerSettings, 'scaleWidth' | 'scaleHeight'>;

const rawFormat = { rgb: 'RGB', gray: 'GRAY8', gray16: 'GRAY16_LE' } as const;
/** Visually lossless for learning; smaller and faster than 95 by a third. */
const jpegQuality = 'quality=92';

const size = ({ scaleWidth, scaleHeight }: Scaling): string =>
  scaleWidth > 0 ? `,width=${scaleWidth},height=${scaleHeight}` : '';

/** Square pixels, or the scaler would rather change their shape than the picture's. */
const square = (scaling: Scaling): string => (scaling.scaleWidth > 0 ? `${size(scaling)},pixel-aspect-ratio=1/1` : '');

/** From any raw video in memory to what is delivered, on the CPU. Scaled first: most pictures are smaller afterwards. */
export function onCpu(output: Output, scaling: Scaling): Link[] {
  const scale: Link[] = scaling.scaleWidth > 0 ? [['videoscale', 'add-borders=false']] : [];
  if (output !== 'jpeg') {
    return [...scale, ['videoconvert'], [`video/x-raw,format=${rawFormat[output]}${square(scaling)}`]];
  }
  const sized: Link[] = scaling.scaleWidth > 0 ? [[`video/x-raw${square(scaling)}`]] : [];
  return [...scale, ...sized, ['videoconvert'], ['jpegenc', jpegQuality]];
}

/** From what nvvidconv takes (NVMM or memory) to what is delivered: it converts and scales; packed RGB it cannot write. */
export function onJetson(output: Exclude<Output, 'gray16'>, scaling: Scaling, has: Has): Link[] {
  const to = (format: string, memory = ''): Link[] => [
    ['nvvidconv'],
    [`video/x-raw${memory},format=${format}${size(scaling)}`],
  ];
  if (output === 'rgb') return [...to('BGRx'), ['videoconvert'], ['video/x-raw,format=RGB']];
  if (output === 'gray') return to('GRAY8');
  if (has('nvjpegenc')) return [...to('I420', '(memory:NVMM)'), ['nvjpegenc', jpegQuality]];
  return [...to('I420'), ['jpegenc', jpegQuality]];
}

/** Newest frame only: without this queue the lag behind the camera grows without bound (measured: 6.7 s after 10 s). */
const newestOnly: Link = ['queue', 'leaky=downstream', 'max-size-buffers=1', 'max-size-bytes=0', 'max-size-time=0'];

/** The end of every pipeline: GDP on file descriptor 3. `complete`: every frame, at the reader's pace. */
export const tail = (complete: boolean): Link[] => [
  ...(complete ? [] : [newestOnly]),
  ['gdppay'],
  ['fdsink', 'fd=3', 'sync=false'],
];

/** Arguments of gst-launch-1.0. */
export const joined = (links: readonly Link[]): string[] =>
  links.flatMap((link, i) => (i === 0 ? [...link] : ['!', ...link]));
