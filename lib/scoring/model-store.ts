import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GoodpartError, invalidParameter } from '../core/errors.ts';
import { encodeName, newId } from '../core/ids.ts';
import { type ModelDescription, parseModel } from './model-schema.ts';

export interface StoredModel {
  name: string;
  version: string;
  dir: string;
}

const maxJsonBytes = 64 * 1024 * 1024;

/**
 * The models on disk: `<root>/<name>/<version>/{model.onnx, model.json}`, names encoded. A version is written once and never
 * changed; what is being written lies in a folder whose name begins with a dot until it is complete.
 */
export class ModelStore {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** The folder of a version, whether it exists or not. */
  dirOf(name: string, version: string): string {
    return join(this.root, encodeName(name), encodeName(version));
  }

  /** All versions whose model.json is readable, by name, oldest first; what is damaged shows when it is read. */
  async list(): Promise<StoredModel[]> {
    const found: (StoredModel & { createdAt: string })[] = [];
    for (const folder of await folders(this.root)) {
      for (const version of await folders(join(this.root, folder))) {
        const dir = join(this.root, folder, version);
        const model = await readDescription(dir).catch(() => undefined);
        if (model && this.dirOf(model.name, model.version) === dir) {
          found.push({ name: model.name, version: model.version, dir, createdAt: model.createdAt });
        }
      }
    }
    const order = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });
    found.sort(
      (a, b) =>
        order(a.name, b.name) || Date.parse(a.createdAt) - Date.parse(b.createdAt) || order(a.version, b.version),
    );
    return found.map(({ name, version, dir }) => ({ name, version, dir }));
  }

  /** The newest version of a name, null where there is none. */
  async latest(name: string): Promise<string | null> {
    const versions = (await this.list()).filter((model) => model.name === name);
    return versions.at(-1)?.version ?? null;
  }

  /** The version number after the highest there is: `1`, `2`, … */
  async nextVersion(name: string): Promise<string> {
    const numbers = (await folders(join(this.root, encodeName(name)))).map(Number).filter(Number.isInteger);
    return String(Math.max(0, ...numbers) + 1);
  }

  /** model.json of a version, checked, with model.onnx found undamaged. Throws GP_MODEL_INVALID. */
  async read(name: string, version: string): Promise<ModelDescription> {
    const dir = this.dirOf(name, version);
    const model = await readDescription(dir);
    if (model.name !== name || model.version !== version) {
      throw invalidParameter('model.json', `${name} ${version}`, `${model.name} ${model.version}`, 'GP_MODEL_INVALID');
    }
    const hash = createHash('sha256');
    try {
      for await (const chunk of createReadStream(join(dir, 'model.onnx'))) hash.update(chunk as Buffer);
    } catch (error) {
      throw missing('model.onnx', dir, error);
    }
    const actual = hash.digest('hex');
    if (actual !== model.sha256) {
      throw invalidParameter('model.onnx sha256', model.sha256, actual, 'GP_MODEL_INVALID');
    }
    return model;
  }

  /**
   * Writes a new version, complete or not at all, and returns its folder. `sha256` is worked out here. Throws
   * GP_MODEL_INVALID where the description is wrong or the version exists.
   */
  async add(description: Omit<ModelDescription, 'sha256' | 'schema'>, onnx: Uint8Array): Promise<string> {
    const sha256 = createHash('sha256').update(onnx).digest('hex');
    const model = parseModel({ schema: 1, ...description, sha256 });
    const dir = this.dirOf(model.name, model.version);
    const staging = join(this.root, encodeName(model.name), `.${newId()}`);
    await mkdir(staging, { recursive: true });
    try {
      await writeSynced(join(staging, 'model.onnx'), onnx);
      await writeSynced(join(staging, 'model.json'), Buffer.from(`${JSON.stringify(model, null, 1)}\n`));
      await syncFolder(staging);
      // rename replaces an empty folder only; a full one is refused by the system
      if (await exists(dir)) throw invalidParameter('model version', 'a new one', model.version, 'GP_MODEL_INVALID');
      await rename(staging, dir);
      await syncFolder(dirname(dir));
    } catch (error) {
      await rm(staging, { recursive: true, force: true });
      throw error;
    }
    return dir;
  }
}

/** model.json of a model's folder, checked. Throws GP_MODEL_INVALID. */
export async function readDescription(dir: string): Promise<ModelDescription> {
  let text: string;
  try {
    const path = join(dir, 'model.json');
    if ((await stat(path)).size > maxJsonBytes) throw new Error('too large');
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw missing('model.json', dir, error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new GoodpartError('GP_MODEL_INVALID', 'Expected JSON for model.json but received something else', {
      field: 'model.json',
      expected: 'JSON',
      received: text.slice(0, 20),
      cause: error,
    });
  }
  return parseModel(json);
}

/** The error for a file of a model that cannot be read. */
export function missing(file: string, dir: string, cause: unknown): GoodpartError {
  const received = cause instanceof Error ? cause.message : String(cause);
  return new GoodpartError('GP_MODEL_INVALID', `Expected a readable ${file} in ${dir} but received ${received}`, {
    field: file,
    expected: `a readable ${file} in ${dir}`,
    received,
    cause,
  });
}

async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
