import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePng } from '../imaging/encode.ts';
import { identityOf } from '../scoring/model-schema.ts';
import { ModelStore } from '../scoring/model-store.ts';
import { adoptSegments, writeSegment } from './heads/sample-segments.ts';
import type { Learned } from './learn.ts';
import type { StagedBody } from './learning-protocol.ts';
import type { Training } from './training.ts';

/**
 * Writes a version below `root`: model.onnx and model.json, training.json with the kept samples, example pictures, the report.
 * Resolves with where it lies and who it is; nothing of it counts before it is renamed to its place.
 */
export async function writeVersion(learned: Learned, root: string, name: string, version: string): Promise<StagedBody> {
  const { description, onnx, parent, samples, origin } = learned;
  const store = new ModelStore(root);
  const dir = await store.add({ ...description, name, version, createdAt: new Date().toISOString() }, onnx);
  if (parent) await adoptSegments(parent.dir, dir);
  if (samples.pictures > 0) await writeSegment(dir, samples, origin);
  const examples = await writeExamples(learned, dir);
  await writeJson(join(dir, 'training.json'), trainingOf(learned, examples));
  // Read back as the engine will: what the disk holds is what counts.
  return { dir, model: identityOf(await store.read(name, version)) };
}

function trainingOf(learned: Learned, examples: Training['examples']): Training {
  const { parent, origin, roster, seed, summary } = learned;
  const { features, head } = summary;
  const from = parent && { version: parent.description.version, sha256: parent.description.sha256 };
  return { schema: 1, origin, features, head, seed, parent: from ?? null, pictures: roster.all, examples };
}

/** Lossless, so that a later version sees the very pixels. */
async function writeExamples({ examples, pictures }: Learned, dir: string): Promise<Training['examples']> {
  const { size, channels } = pictures;
  const list: Training['examples'] = [];
  for (const [i, { pixels, digest, score }] of examples.entries()) {
    const file = `example-${String(i + 1).padStart(2, '0')}.png`;
    const info = { encoding: 'raw', ...size, channels, bitDepth: 8 } as const;
    await writeFile(join(dir, file), await encodePng({ data: pixels, info }));
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
