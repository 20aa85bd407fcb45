import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../core/clock.ts';
import { residentMb } from '../process/memory.ts';
import { Camera } from './camera.ts';

const width = 1920;
const height = 1080;
const perSecond = 30;
/** Ticks of the kernel's accounting a second, as on every Linux that Node runs on. */
const ticksPerSecond = 100;

export interface RawVideoResult {
  seconds: number;
  delivered: number;
  /** By the frame numbers of the stream. */
  lost: number;
  superseded: number;
  perSecond: number;
  /** Of the parent: the process that would be Node-RED. Milliseconds. */
  eventLoopMs: { p50: number; p99: number; max: number };
  /** Shares of one core. */
  cpu: { parent: number; camera: number; gstreamer: number };
  /** First third and last third, and the slope of a straight line through all samples: megabytes, megabytes a minute. */
  memory: Record<'parent' | 'camera' | 'gstreamer', { first: number; last: number; perMinute: number }>;
}

/**
 * 1080p30 raw RGB (187 MB/s) from GStreamer through the real camera child to this process, every frame: what is lost, what
 * it costs, how memory grows.
 */
export async function rawVideo(seconds: number): Promise<RawVideoResult> {
  const pipeline = `videotestsrc is-live=true pattern=ball ! video/x-raw,format=RGB,width=${width},height=${height},framerate=${perSecond}/1`;
  const camera = new Camera({
    name: 'raw video',
    source: { kind: 'gstreamer', input: 'custom', delayMs: 0, pipeline },
  });
  let delivered = 0;
  camera.on('frame', () => {
    delivered += 1;
  });
  await camera.start();
  try {
    camera.startFreeRun({ intervalMs: 5 });
    await pause(2_000);
    const child = camera.childStats().pid ?? 0;
    const pids = { parent: process.pid, camera: child, gstreamer: childOf(child) };
    const names = ['parent', 'camera', 'gstreamer'] as const;
    const before = { ...camera.counters(), delivered, cpu: names.map((name) => cpuSeconds(pids[name])) };
    const samples = { parent: [] as number[], camera: [] as number[], gstreamer: [] as number[] };
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const began = systemClock.mono();
    while (systemClock.mono() - began < seconds * 1_000) {
      await pause(500);
      for (const name of names) samples[name].push(residentMb(pids[name]));
    }
    delay.disable();
    const elapsed = (systemClock.mono() - began) / 1_000;
    const after = camera.counters();
    const share = (i: number) => round((cpuSeconds(pids[names[i]]) - before.cpu[i]) / elapsed);
    const ms = (nanoseconds: number) => round(nanoseconds / 1e6);
    return {
      seconds: Math.round(elapsed),
      delivered: delivered - before.delivered,
      lost: after.lost - before.lost,
      superseded: after.superseded - before.superseded,
      perSecond: round((delivered - before.delivered) / elapsed),
      eventLoopMs: { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) },
      cpu: { parent: share(0), camera: share(1), gstreamer: share(2) },
      memory: {
        parent: growth(samples.parent),
        camera: growth(samples.camera),
        gstreamer: growth(samples.gstreamer),
      },
    };
  } finally {
    await camera.stop();
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const round = (value: number) => Math.round(value * 1000) / 1000;

const stat = (pid: number | string) => {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

function cpuSeconds(pid: number): number {
  const fields = stat(pid);
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function childOf(parent: number): number {
  const found = readdirSync('/proc').find((name) => {
    try {
      return /^\d+$/.test(name) && Number(stat(name)[1]) === parent;
    } catch {
      return false; // it ended meanwhile
    }
  });
  return Number(found);
}

/** Samples come twice a second. */
function growth(samples: readonly number[]): { first: number; last: number; perMinute: number } {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const third = Math.max(1, Math.floor(samples.length / 3));
  const middle = (samples.length - 1) / 2;
  const all = mean(samples);
  let [over, under] = [0, 0];
  for (const [i, value] of samples.entries()) {
    over += (i - middle) * (value - all);
    under += (i - middle) ** 2;
  }
  const perMinute = under === 0 ? 0 : (over / under) * 120;
  return {
    first: round(mean(samples.slice(0, third))),
    last: round(mean(samples.slice(-third))),
    perMinute: round(perMinute),
  };
}
