import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Camera, type CameraOptions } from '../../lib/capture/camera.ts';
import { systemClock } from '../../lib/core/clock.ts';
import type { Frame } from '../../lib/core/frame.ts';
import { hasCommand, hasPythonModule, needs, repositoryRoot } from '../kit/needs.ts';
import { freePort } from '../kit/ports.ts';

export const now = (): number => systemClock.mono();

/** Skips, loudly, where GStreamer or one of these elements is missing. */
export function needsGstreamer(context: Mocha.Context, ...elements: string[]): void {
  needs(context, 'gst-launch-1.0', hasCommand('gst-launch-1.0'));
  for (const element of elements) {
    needs(context, `GStreamer's ${element}`, spawnSync('gst-inspect-1.0', ['--exists', element]).status === 0);
  }
}

export function needsRtspServer(context: Mocha.Context): void {
  needsGstreamer(context, 'rtspsrc', 'avdec_h264', 'x264enc');
  needs(context, 'python3-gi', hasPythonModule('gi'));
  const probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer";
  needs(context, 'gir1.2-gst-rtsp-server-1.0', spawnSync('/usr/bin/python3', ['-c', probe]).status === 0);
}

const cameras: Camera[] = [];
const processes: ChildProcess[] = [];

/** A camera that is stopped by `endAll`, with short pauses before it is started again. */
export function gstCamera(source: object, o: Partial<CameraOptions> = {}): Camera {
  const made = new Camera({
    name: 'gst',
    source: { kind: 'gstreamer', ...source } as CameraOptions['source'],
    child: { backoff: { minMs: 50, maxMs: 500, resetAfterMs: 5_000 } },
    ...o,
  });
  cameras.push(made);
  return made;
}

export const shot = (camera: Camera, timeoutMs = 8_000): Promise<Frame> => camera.capture({ after: now(), timeoutMs });

export async function endAll(): Promise<void> {
  await Promise.all(cameras.splice(0).map((camera) => camera.stop()));
  for (const child of processes.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

export interface RtspServer {
  url: string;
  port: number;
  process: ChildProcess;
}

/** A real server; ended by `endAll`. */
export async function rtspServer({ port = 0, codec = 'h264', auth = 'none' } = {}): Promise<RtspServer> {
  const used = port || (await freePort());
  const script = join(repositoryRoot, 'test/capture/rtsp_server.py');
  const child = spawn('/usr/bin/python3', [script, String(used), codec, auth], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.push(child);
  await once(child.stdout, 'data');
  return { url: `rtsp://127.0.0.1:${used}/cam`, port: used, process: child };
}

/** The instant for which the server's picture was due: monotonic milliseconds, from its black and white fields. */
export function dueAt({ data, info }: Frame): number {
  let value = 0;
  for (let bit = 0; bit < 24; bit++) {
    const [x, y] = [(bit % 8) * 40 + 20, Math.floor(bit / 8) * 40 + 20];
    if (data[(y * (info.width ?? 0) + x) * (info.channels ?? 1)] > 128) value += 2 ** bit;
  }
  const wrap = 2 ** 24;
  const today = Math.floor(now());
  return today - ((((today - value) % wrap) + wrap) % wrap);
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
};

/** The gst-launch-1.0 processes below a process. */
export function pipelinesBelow(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = read(`/proc/${pid}/stat`);
      const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(ppid) === parent && state !== 'Z' && read(`/proc/${pid}/cmdline`).startsWith('gst-launch-1.0');
    });
}

/** What everybody on the machine can read of all processes' arguments. */
export function allArguments(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' '))
    .join('\n');
}
