import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf } from '../scoring/model-schema.ts';
import { ModelStore } from '../scoring/model-store.ts';
import { referenceFile, referencePng } from '../scoring/reference-frames.ts';
import { adoptSegments, writeSegment } from './heads/sample-segments.ts';
import type { Learned } from './learn.ts';
import type { StagedBody } from './learning-protocol.ts';
import { composeReport } from './report/compose.ts';
import type { LearningReport } from './report/learning-report.ts';
import { renderReport } from './report/page.ts';
import { thumbnail } from './report/thumbnail.ts';
import type { Training } from './training.ts';

/**
 * Writes a version below `root`: model.onnx and model.json, training.json with the kept samples, example pictures, the report.
 * Resolves with where it lies and who it is; nothing of it counts before it is renamed to its place.
 */
export async function writeVersion(learned: Learned, root: string, name: string, version: string): Promise<StagedBody> {
  const { description, onnx, parent, samples, origin } = learned;
  const store = new ModelStore(root);
  const createdAt = new Date().toISOString();
  const dir = await store.add({ ...description, name, version, createdAt }, onnx);
  if (parent) await adoptSegments(parent.dir, dir);
  if (samples.pictures > 0) await writeSegment(dir, samples, origin);
  const examples = await writeExamples(learned, dir);
  await writeJson(join(dir, 'training.json'), trainingOf(learned, examples));
  // Read back as the engine will: what the disk holds is what counts.
  const model = identityOf(await store.read(name, version));
  const report = await reportOf(learned, model, createdAt);
  await writeJson(join(dir, 'report.json'), report);
  await writeFile(join(dir, 'report.html'), renderReport(report, { interactive: false }));
  return { dir, model };
}

async function reportOf(learned: Learned, model: StagedBody['model'], createdAt: string): Promise<LearningReport> {
  const { parent, roster, seed, summary, thresholds, pictures } = learned;
  const { size, channels, own, window } = pictures;
  const before = parent ? await picturesBefore(parent.dir) : new Map<string, Buffer>();
  return composeReport({
    ...{ model, createdAt, seed, size, thresholds, summary, parent: ancestorOf(learned), used: roster.used },
    ...(window && { window }),
    thumbnail: async (picture) => {
      const fresh = picture - roster.kept;
      return fresh < 0
        ? before.get(roster.used[picture].digest)
        : thumbnail(pictures.pixels(fresh), size, channels, own);
    },
  });
}

const ancestorOf = ({ parent }: Learned) =>
  parent ? { version: parent.description.version, sha256: parent.description.sha256 } : null;

/** Thumbnails that the report of the version that is continued shows, by digest: its pictures themselves are gone. */
async function picturesBefore(dir: string): Promise<Map<string, Buffer>> {
  const thumbnails = new Map<string, Buffer>();
  try {
    const { pictures } = JSON.parse(await readFile(join(dir, 'report.json'), 'utf8')) as LearningReport;
    for (const { digest, thumbnail: uri = '' } of Object.values(pictures)) {
      if (uri) thumbnails.set(digest, Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64'));
    }
  } catch {
    // a report without pictures is still a report
  }
  return thumbnails;
}

function trainingOf(learned: Learned, examples: Training['examples']): Training {
  const { origin, roster, seed, summary } = learned;
  const { features, head } = summary;
  return { schema: 1, origin, features, head, seed, parent: ancestorOf(learned), pictures: roster.all, examples };
}

/** Lossless, so that a later version sees the very pixels. */
async function writeExamples({ examples, pictures }: Learned, dir: string): Promise<Training['examples']> {
  const { size, channels, window } = pictures;
  const list: Training['examples'] = [];
  for (const [i, { pixels, digest, score }] of examples.entries()) {
    const file = referenceFile(i);
    await writeFile(join(dir, file), await referencePng(pixels, { ...size, channels, window }));
    list.push({ file, digest, score });
  }
  return list;
}

async function writeJson(path: string, value: unknown): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(`${JSON.stringify(value)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
