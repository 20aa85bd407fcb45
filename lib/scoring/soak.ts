import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { benchFrame, jpegPictures, rawPicture } from './bench-frames.ts';
import { benchModel } from './bench-model.ts';
import { OnnxRuntimeEngine } from './engine.ts';
import { ModelStore } from './model-store.ts';
import { SoakWatch } from './soak-watch.ts';

/**
 * Scores frames of several sizes and kinds with two in flight for `seconds`, or until `inspections` where given, and watches this process and the
 * child: memory and handles must not grow with the number of scores, nor the latency. Linux only.
 */
export async function soak(seconds: number, inspections = Number.POSITIVE_INFINITY): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'goodpart-soak-'));
  const engine = new OnnxRuntimeEngine({ name: 'soak', threads: 1 });
  try {
    const { description, onnx } = benchModel(64);
    const { key } = await engine.load(await new ModelStore(folder).add(description, onnx));
    const pictures = [
      ...(await jpegPictures(640, 480, 2)),
      rawPicture(320, 240, 1),
      ...(await jpegPictures(320, 240, 1)),
    ];
    const watch = new SoakWatch(Math.min(2000, seconds * 10));
    const end = Number.isFinite(inspections) ? Number.POSITIVE_INFINITY : systemClock.mono() + seconds * 1000;
    const began = systemClock.mono();
    let sent = 0;
    const lane = async () => {
      while (systemClock.mono() < end && sent < inspections) {
        const frame = benchFrame(pictures[sent % pictures.length], ++sent);
        const { timings } = await engine.score(key, frame, { deadlineMs: 10_000 });
        watch.inspected(timings.total);
      }
    };
    await Promise.all([lane(), lane()]);
    const took = (systemClock.mono() - began) / 1000;
    const { failures, scored, failed } = engine.stats();
    const report = await watch.report();
    const ok = report.ok === true && failed === 0 && failures === 0 && scored === report.inspections;
    return {
      seconds: Math.round(took),
      perSecond: Math.round(scored / took),
      failed,
      childFailures: failures,
      ...report,
      ok,
    };
  } finally {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
