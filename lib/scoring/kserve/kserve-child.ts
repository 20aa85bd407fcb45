import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoodpartError, invalidParameter } from '../../core/errors.ts';
import type { ImageInput } from '../../imaging/decode.ts';
import { serveChild } from '../../process/serve-child.ts';
import type { LoadReply, ScoreReply } from '../engine-wire.ts';
import { toTensor } from '../fit.ts';
import { missing, readDescription } from '../model-store.ts';
import { referenceOf } from '../registering.ts';
import { type Subject, scoreFrame } from '../score-frame.ts';
import { probeOf } from './probe.ts';
import { Replicas } from './replicas.ts';
import { checkKServe, type KServeSettings, modelPath } from './settings.ts';

/** Process: decodes, resizes and lays frames as learned; the graph runs on servers. */
interface Open extends Subject {
  replicas: Replicas;
}

const models = new Map<string, Open>();

const parent = serveChild({ load, unload, score });

/** A model that no server runs stays here and is asked for again: `health` tells when it can be used. */
async function load({
  key,
  dir,
  settings,
  loadMs,
}: {
  key: string;
  dir: string;
  settings: KServeSettings;
  loadMs: number;
}): Promise<{ body: LoadReply }> {
  const began = performance.now();
  // a restart loads several models one after the other, and each may meet a server that hangs
  const known = models.get(key) ?? (await open(key, dir, settings, loadMs * 0.3));
  const provider = await known.replicas.open();
  return { body: { description: known.model, provider, warmUpMs: performance.now() - began } };
}

async function open(key: string, dir: string, settings: KServeSettings, admitMs: number): Promise<Open> {
  const checked = checkKServe(settings);
  const ca = checked.caFile === '' ? undefined : await authorities(checked.caFile);
  const model = await readDescription(dir);
  const onnx = await readFile(join(dir, 'model.onnx')).catch((error) => {
    throw missing('model.onnx', dir, error);
  });
  const served = { model, probe: await probeOf(model, onnx), path: modelPath(checked, model) };
  const opened = {
    model,
    reference: referenceOf(model),
    replicas: new Replicas(
      { settings: checked, security: { ca, token: checked.token }, served },
      { admitMs, onHealth: (health) => parent.tell('health', { key, ...health }) },
    ),
  };
  models.set(key, opened);
  return opened;
}

async function authorities(path: string): Promise<Buffer> {
  const pem = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw invalidParameter('caFile', 'a readable PEM file', `${path} (${error.code})`, 'GP_CONFIG_INVALID');
  });
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw invalidParameter('caFile', 'a PEM file with certificates', path, 'GP_CONFIG_INVALID');
}

function unload({ key }: { key: string }): undefined {
  models.get(key)?.replicas.close();
  models.delete(key);
}

async function score(
  { key, info, deadline }: { key: string; info: ImageInput['info']; deadline: number },
  [data]: Buffer[],
): Promise<{ body: ScoreReply; payloads: Buffer[] }> {
  const known = models.get(key);
  if (known === undefined) throw new GoodpartError('GP_MODEL_INVALID', `Model ${key} is not loaded`);
  const { model, replicas } = known;
  return scoreFrame({ data, info }, known, (pixels) => replicas.run(toTensor(pixels, model.input), deadline));
}
