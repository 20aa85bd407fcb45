import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Check } from './checks.ts';

const run = promisify(execFile);

interface CameraCheck {
  name: string;
  check(): Promise<Omit<Check, 'name'>>;
}

type Examination = typeof import('../capture/gstreamer/examine.ts');

let examination: Promise<Examination> | undefined;
const examining = (): Promise<Examination> => {
  examination ??= import('../capture/gstreamer/examine.ts');
  return examination;
};

/** One look at the machine serves all kinds; a later examination looks again. */
const lookedMs = 5_000;
let looked: { at: number; found: ReturnType<Examination['installation']> } | undefined;
const installed = async (): ReturnType<Examination['installation']> => {
  const { installation } = await examining();
  if (looked === undefined || performance.now() - looked.at > lookedMs) {
    looked = { at: performance.now(), found: installation() };
  }
  return looked.found;
};

/** In the order of examine.ts; a test holds it. Named here, for doctor must start on a Node that cannot load the rest. */
const kinds = ['CSI', 'USB raw', 'USB MJPEG', 'RTSP H.264', 'RTSP H.265', 'video file'];

/** Which pipeline each kind of camera would get on this machine: whether every element and property of it is here. */
export const cameraChecks: CameraCheck[] = [
  {
    name: 'cameras (GStreamer)',
    check: async () => {
      try {
        const { stdout } = await run('gst-launch-1.0', ['--version'], { timeout: 10_000 });
        return { state: 'ok', found: stdout.split('\n')[0].replace('gst-launch-1.0 ', ''), advice: '' };
      } catch {
        const packages =
          'gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad';
        const advice = `CSI, USB, RTSP and video files need it: sudo apt install ${packages} gstreamer1.0-libav`;
        return { state: 'note', found: 'gst-launch-1.0 not found', advice };
      }
    },
  },
  ...kinds.map((kind) => ({ name: `camera ${kind}`, check: () => pipelineCheck(kind) })),
  {
    name: 'locks (v4l2-ctl)',
    check: async () => {
      try {
        const { stdout } = await run('v4l2-ctl', ['--version'], { timeout: 10_000 });
        return { state: 'ok', found: stdout.split('\n')[0], advice: '' };
      } catch {
        const advice =
          'Exposure, gain, white balance and focus of USB cameras cannot be locked: sudo apt install v4l-utils';
        return { state: 'note', found: 'not found', advice };
      }
    },
  },
];

async function pipelineCheck(kind: string): Promise<Omit<Check, 'name'>> {
  const { examine } = await examining();
  let here: Awaited<ReturnType<typeof installed>>;
  try {
    here = await installed();
  } catch {
    return { state: 'note', found: 'no GStreamer', advice: '' };
  }
  const { usable, found, missing, packages } = await examine(kind, here);
  if (usable) return { state: 'ok', found, advice: '' };
  const install = packages.length > 0 ? `: sudo apt install ${packages.join(' ')}` : '';
  return { state: 'note', found, advice: missing.length > 0 ? `Not here: ${missing.join(', ')}${install}` : '' };
}
