import { asGoodpartError } from '../../core/errors.ts';
import { elementProperties, installedElements, packageOf } from './elements.ts';
import { buildPipeline, chainName } from './pipeline.ts';
import { type GstreamerSettings, gstreamerSettingsSchema } from './settings.ts';
import { propertiesOf } from './tokens.ts';

/** What a machine can do with one kind of camera. */
export interface PipelineReport {
  name: string;
  usable: boolean;
  /** Which chain would run and its elements, or what stands in the way. */
  found: string;
  /** Elements and properties (`element.property`) that are not there. */
  missing: string[];
  /** Packages that bring them. */
  packages: string[];
}

/** Everything that can be set is set: each property that a pipeline may use is looked for. */
const kinds: readonly { name: string; settings: Record<string, unknown> }[] = [
  { name: 'CSI', settings: { input: 'csi', exposureUs: 5000, gain: 1, whiteBalance: 'daylight' } },
  { name: 'USB raw', settings: { input: 'usb', format: 'yuy2' } },
  { name: 'USB MJPEG', settings: { input: 'usb', format: 'mjpeg' } },
  { name: 'RTSP H.264', settings: { input: 'rtsp', url: 'rtsp://camera/stream', codec: 'h264' } },
  { name: 'RTSP H.265', settings: { input: 'rtsp', url: 'rtsp://camera/stream', codec: 'h265' } },
  { name: 'video file', settings: { input: 'file', path: '/video.mp4', pace: 'real-time' } },
];
const variants = [
  { output: 'rgb' },
  { output: 'gray', scaleWidth: 640, scaleHeight: 480 },
  { output: 'jpeg', scaleWidth: 640, scaleHeight: 480 },
];

export const pipelineKinds: readonly string[] = kinds.map(({ name }) => name);

export interface Installation {
  elements: ReadonlySet<string>;
  properties: (element: string) => Promise<ReadonlySet<string> | null>;
}

/** What is installed here; each element is asked for its properties once. Throws GP_SOURCE_FAILED without GStreamer. */
export async function installation(): Promise<Installation> {
  const elements = await installedElements();
  const asked = new Map<string, Promise<Set<string> | null>>();
  const properties = (element: string) => {
    const answer = asked.get(element) ?? elementProperties(element);
    asked.set(element, answer);
    return answer;
  };
  return { elements, properties };
}

/** Looks for each element and each property that the pipelines of a kind need. Never throws. */
export async function examine(kind: string, { elements, properties }: Installation): Promise<PipelineReport> {
  const settings = kinds.find(({ name }) => name === kind)?.settings ?? {};
  const needed = new Map<string, Set<string>>();
  let running = '';
  try {
    const depay = `rtp${settings.codec}depay`;
    const waitsForKeyframe = elements.has(depay) && ((await properties(depay))?.has('wait-for-keyframe') ?? false);
    for (const variant of variants) {
      const parsed: GstreamerSettings = gstreamerSettingsSchema.parse({ kind: 'gstreamer', ...settings, ...variant });
      const pipeline = buildPipeline(parsed, { has: (element) => elements.has(element), waitsForKeyframe });
      running ||= `${chainName(pipeline.chain)}: ${pipeline.elements.join(' ! ')}`;
      for (const [element, names] of propertiesOf(pipeline.tokens)) {
        needed.set(element, new Set([...(needed.get(element) ?? []), ...names]));
      }
    }
  } catch (thrown) {
    return { name: kind, usable: false, found: asGoodpartError(thrown).message, missing: [], packages: [] };
  }
  const missing: string[] = [];
  await Promise.all([...needed.keys()].filter((element) => elements.has(element)).map(properties));
  for (const [element, names] of needed) {
    const known = elements.has(element) ? await properties(element) : null;
    if (known === null) missing.push(element);
    else missing.push(...[...names].filter((name) => !known.has(name)).map((name) => `${element}.${name}`));
  }
  const packages = [...new Set(missing.map((name) => packageOf(name.split('.')[0])))].filter(
    (name) => name !== undefined,
  );
  return { name: kind, usable: missing.length === 0, found: running, missing, packages };
}
