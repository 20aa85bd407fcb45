import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../../core/canonical-json.ts';
import { newId } from '../../core/ids.ts';

/** All that a plan depends on; with any of it other, another plan is built. */
export interface PlanKey {
  /** Of model.onnx. */
  sha256: string;
  precision: Precision;
  /** Of TensorRT, as it says it. */
  tensorrt: number;
  gpu: string;
  /** JetPack's or the driver's version. */
  platform: string;
  /** Cap in bytes. */
  workspace: number;
}

export type Precision = 'fp16' | 'fp32';

const magic = 'goodpart plan 1';
const kept = 32;

/** Plans on disk, one file each: a head with the key and the plan's sha256, then the plan. A file is whole or counts as absent. */
export class PlanCache {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  fileOf(key: PlanKey): string {
    const hash = createHash('sha256').update(canonicalJson(key)).digest('hex');
    return join(this.folder, `${key.sha256.slice(0, 16)}-${key.precision}-${hash.slice(0, 16)}.plan`);
  }

  /** The plan, or null where there is none, a damaged one or one of another key. */
  async read(key: PlanKey): Promise<Buffer | null> {
    const bytes = await readFile(this.fileOf(key)).catch(() => null);
    const end = bytes?.indexOf('\n') ?? -1;
    if (bytes === null || end < 0) return null;
    const plan = bytes.subarray(end + 1);
    return bytes.toString('utf8', 0, end) === headOf(key, plan) ? plan : null;
  }

  /** Rejects as the disk does. The oldest beyond 32 go. */
  async write(key: PlanKey, plan: Uint8Array): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const staging = join(this.folder, `.${newId()}`);
    try {
      const file = await open(staging, 'wx');
      try {
        await file.writeFile(`${headOf(key, plan)}\n`);
        await file.writeFile(plan);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(staging, this.fileOf(key));
    } finally {
      await rm(staging, { force: true });
    }
    await this.#prune();
  }

  async remove(key: PlanKey): Promise<void> {
    await rm(this.fileOf(key), { force: true });
  }

  async #prune(): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => name.endsWith('.plan'));
    if (names.length <= kept) return;
    const ages = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(this.folder, name)).catch(() => null))?.mtimeMs ?? 0 })),
    );
    ages.sort((a, b) => b.at - a.at);
    for (const { name } of ages.slice(kept)) await rm(join(this.folder, name), { force: true });
  }
}

function headOf(key: PlanKey, plan: Uint8Array): string {
  const hash = createHash('sha256').update(plan).digest('hex');
  return `${magic} ${hash} ${canonicalJson(key)}`;
}
