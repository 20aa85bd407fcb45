import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { GoodpartError } from '../../core/errors.ts';

const run = promisify(execFile);

/** Debian's and Ubuntu's package of each element that our pipelines use. */
const packages: Record<string, readonly string[]> = {
  'libgstreamer1.0-0': ['filesrc', 'fdsink', 'identity', 'queue'],
  'gstreamer1.0-plugins-base': ['decodebin', 'videoconvert', 'videoscale', 'videorate', 'videotestsrc'],
  'gstreamer1.0-plugins-good': [
    ...['jpegdec', 'jpegenc', 'rtph264depay', 'rtph265depay', 'rtspsrc', 'v4l2src', 'videoflip'],
  ],
  'gstreamer1.0-plugins-bad': ['gdppay', 'h264parse', 'h265parse', 'jpegparse'],
  'gstreamer1.0-plugins-ugly': ['x264enc'],
  'gstreamer1.0-libav': ['avdec_h264', 'avdec_h265'],
  'nvidia-l4t-gstreamer': ['nvarguscamerasrc', 'nvvidconv', 'nvv4l2decoder', 'nvjpegenc'],
};

/** The package to install for an element; undefined for one that we do not use ourselves. */
export function packageOf(element: string): string | undefined {
  return Object.entries(packages).find(([, elements]) => elements.includes(element))?.[0];
}

export const noGstreamer = (): GoodpartError =>
  new GoodpartError(
    'GP_TOOL_MISSING',
    'GStreamer is not installed: sudo apt install gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav',
    { field: 'input', expected: 'gst-launch-1.0' },
  );

/** From the list that `gst-inspect-1.0` prints: `plugin:  element: what it is`. */
export function parseElementList(text: string): Set<string> {
  return new Set([...text.matchAll(/^\S+: {1,4}([\w-]+): /gm)].map(([, element]) => element));
}

/** Names of all installed elements. Throws GP_SOURCE_FAILED with what to install where GStreamer is missing. */
export async function installedElements(): Promise<Set<string>> {
  try {
    const { stdout } = await run('gst-inspect-1.0', [], { timeout: 12_000, maxBuffer: 16 * 2 ** 20 });
    return parseElementList(stdout);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') throw noGstreamer();
    throw new GoodpartError('GP_SOURCE_FAILED', `gst-inspect-1.0 failed: ${said(thrown)}`, { cause: thrown });
  }
}

/** Names of an element's properties, from what `gst-inspect-1.0 ELEMENT` prints. */
export function parseProperties(text: string): Set<string> {
  const [, list = ''] = text.split(/^Element Properties:$/m);
  return new Set([...list.matchAll(/^ {2}([a-z][\w-]*)\s*: /gm)].map(([, property]) => property));
}

/** The properties of an installed element; null where it cannot be inspected. */
export async function elementProperties(element: string): Promise<Set<string> | null> {
  try {
    return parseProperties((await run('gst-inspect-1.0', [element], { timeout: 12_000 })).stdout);
  } catch {
    return null;
  }
}

/** Throws one error that names every element that is missing and the packages to install. */
export function requireElements(elements: readonly string[], installed: ReadonlySet<string>): void {
  const missing = [...new Set(elements)].filter((element) => !installed.has(element));
  if (missing.length === 0) return;
  const found = [...new Set(missing.map(packageOf))].filter((name) => name !== undefined);
  const advice =
    found.length > 0 ? `: sudo apt install ${found.join(' ')}` : '; is the plug-in of its maker installed?';
  const what = `GStreamer has no element ${missing.join(', ')}`;
  throw new GoodpartError('GP_SOURCE_FAILED', `${what}${advice}`, { field: 'input', received: missing.join(', ') });
}

const said = (thrown: unknown): string => (thrown instanceof Error ? thrown.message.split('\n')[0].slice(0, 200) : '');
