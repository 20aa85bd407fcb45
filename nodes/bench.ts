import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LearningJob } from '../lib/learning/learning-job.ts';
import { type BenchPicture, benchFrame, jpegPictures } from '../lib/scoring/bench-frames.ts';
import { camerasTable } from './bench-cameras.ts';
import { stationBench } from './bench-station.ts';

/** A whole station at full and at half load, and several of them beside each other on this machine. */
export async function bench(): Promise<Record<string, unknown>> {
  const models = mkdtempSync(join(tmpdir(), 'goodpart-bench-models-'));
  try {
    const pictures = await jpegPictures(1920, 1080, 30);
    await learn(models, pictures);
    return { ...(await stationBench(models, pictures.slice(0, 3))), cameras: await camerasTable(models) };
  } finally {
    rmSync(models, { recursive: true, force: true });
  }
}

/** The model that a station learns for itself from such frames. */
async function learn(modelsRoot: string, pictures: readonly BenchPicture[]): Promise<void> {
  const images = pictures.map((picture, i) => ({ frame: benchFrame(picture, i) }));
  await new LearningJob({ images, modelsRoot, name: 'learned', keepAspect: true, sensitivity: false }).run();
}
