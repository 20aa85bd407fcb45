import { systemClock } from '../core/clock.ts';
import { Camera } from './camera.ts';
import { benchGenicam } from './genicam/bench-genicam.ts';
import { rawVideo } from './raw-video.ts';
import type { SourceSettingsInput } from './settings.ts';
import { PartDrawer } from './simulated-part.ts';

function spread(values: number[]): { p50: number; p95: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] * 100) / 100;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

async function captures(source: SourceSettingsInput, count: number) {
  const camera = new Camera({ name: 'bench', source });
  const began = systemClock.mono();
  await camera.start();
  const startMs = Math.round(systemClock.mono() - began);
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < count + 5; i++) {
    const after = systemClock.mono();
    const frame = await camera.capture({ after, timeoutMs: 10_000 });
    if (i >= 5) times.push(systemClock.mono() - after);
    bytes = frame.data.length;
  }
  await camera.stop();
  return { startMs, bytes, captureMs: spread(times) };
}

/**
 * Milliseconds from the trigger to the frame in the parent, per source; drawing alone; frames a second running freely; and one
 * minute of 1080p30 raw from GStreamer.
 */
export async function bench(): Promise<Record<string, unknown>> {
  const drawer = new PartDrawer({ width: 640, height: 480, seed: 1, defectRate: 0.1 });
  const drawing: number[] = [];
  for (let n = 1; n <= 60; n++) {
    const began = systemClock.mono();
    drawer.draw(n);
    if (n > 10) drawing.push(systemClock.mono() - began);
  }
  const raw = await captures({ kind: 'simulator' }, 50);
  const jpeg = await captures({ kind: 'simulator', encoding: 'jpeg' }, 50);
  const large = await captures({ kind: 'simulator', width: 1920, height: 1080 }, 10);
  const camera = new Camera({ name: 'bench', source: { kind: 'simulator', delivery: 'flow', periodMs: 10 } });
  await camera.start();
  let frames = 0;
  camera.on('frame', () => {
    frames += 1;
  });
  camera.startFreeRun({ intervalMs: 10 });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const { superseded, lost } = camera.counters();
  await camera.stop();
  const video = await rawVideo(60).catch((thrown: unknown) => ({ notMeasured: String(thrown) }));
  const freeRun = { perSecond: frames / 2, superseded, lost };
  return {
    ...{ drawMs: spread(drawing), raw, jpeg, raw1080p: large, freeRun, video1080p30: video },
    genicamSoftwareTrigger: await benchGenicam(),
  };
}
