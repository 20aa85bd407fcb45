import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { unusable } from './refusals.ts';

export interface Size {
  width: number;
  height: number;
}

/** What anomalib 0.7 does to a picture before its graph. Mean and deviation in 0..1, null where it leaves the pixels as they are. */
export interface OutsideTransform {
  resize: Size | null;
  crop: Size | null;
  mean: number[] | null;
  std: number[] | null;
}

/** metadata.json beside an export of anomalib 0.7 or 1.x, as far as it says something. Numbers are raw scores. */
export interface ExportMetadata {
  file: string;
  imageThreshold: number | null;
  pixelThreshold: number | null;
  /** Smallest and largest score of the validation pictures. */
  min: number | null;
  max: number | null;
  /** 0.7 only. */
  transform: OutsideTransform | null;
  /** Class names, for classifiers. */
  labels: string[] | null;
}

const usual = ['metadata.json', 'meta_data.json'];
const maxBytes = 1024 * 1024;

/** Reads the metadata file at `path`, or the usual one beside the model; null where there is none. Throws GP_MODEL_INVALID. */
export async function readMetadata(onnxPath: string, path: string | undefined): Promise<ExportMetadata | null> {
  for (const file of path === undefined ? usual.map((name) => join(dirname(onnxPath), name)) : [path]) {
    let text: string;
    try {
      if ((await stat(file)).size > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
      text = await readFile(file, 'utf8');
    } catch (error) {
      if (path === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      const why = error instanceof Error ? error.message : String(error);
      throw unusable('the metadata file', `a readable ${basename(file)}`, why, 'give the metadata.json of the export');
    }
    return parseMetadata(basename(file), text);
  }
  return null;
}

function parseMetadata(file: string, text: string): ExportMetadata {
  let json: unknown;
  try {
    // Python writes NaN and Infinity, which JSON does not know
    json = JSON.parse(text.replace(/(?<=[:[,]\s*)-?(NaN|Infinity)\b/g, 'null'));
  } catch {
    throw unusable(file, 'JSON', JSON.stringify(text.slice(0, 20)), 'give the metadata.json of the export');
  }
  const fields = isRecord(json) ? json : {};
  const number = (...keys: string[]) => {
    const found = keys.map((key) => fields[key]).find((value) => typeof value === 'number' && Number.isFinite(value));
    return (found as number | undefined) ?? null;
  };
  return {
    file,
    imageThreshold: number('image_threshold'),
    pixelThreshold: number('pixel_threshold'),
    min: number('pred_scores.min', 'min', 'anomaly_maps.min'),
    max: number('pred_scores.max', 'max', 'anomaly_maps.max'),
    transform: isRecord(fields.transform) ? outsideTransform(file, fields.transform) : null,
    labels: labelsIn(json),
  };
}

/** An albumentations pipeline as its to_dict() writes it. */
function outsideTransform(file: string, transform: Record<string, unknown>): OutsideTransform {
  const found: OutsideTransform = { resize: null, crop: null, mean: null, std: null };
  for (const step of steps(transform)) {
    const name =
      String(step.__class_fullname__ ?? '')
        .split('.')
        .at(-1) ?? '';
    if (name === 'Resize') found.resize = sizeOf(step);
    else if (name === 'CenterCrop') found.crop = sizeOf(step);
    else if (name === 'Normalize') {
      // (x − mean · most) / (std · most) for x in 0..255
      const most = (typeof step.max_pixel_value === 'number' ? step.max_pixel_value : 255) / 255;
      found.mean = numbers(step.mean)?.map((value) => value * most) ?? null;
      found.std = numbers(step.std)?.map((value) => value * most) ?? null;
    } else if (name !== 'ToTensorV2' && name !== 'ToTensor') {
      const known = 'Resize, CenterCrop, Normalize and ToTensorV2';
      throw unusable(
        `transform in ${file}`,
        known,
        name || 'a step without a name',
        'export the model without that step',
      );
    }
  }
  return found;
}

function steps(transform: Record<string, unknown>): Record<string, unknown>[] {
  const inner = isRecord(transform.transform) ? transform.transform : transform;
  if (!Array.isArray(inner.transforms)) return '__class_fullname__' in inner ? [inner] : [];
  return inner.transforms.filter(isRecord).flatMap((step) => (Array.isArray(step.transforms) ? steps(step) : [step]));
}

function sizeOf(step: Record<string, unknown>): Size | null {
  const { width, height } = step;
  return typeof width === 'number' && typeof height === 'number' ? { width, height } : null;
}

function numbers(value: unknown): number[] | null {
  return Array.isArray(value) && value.every((each) => typeof each === 'number') ? value : null;
}

/** A list of names, or an object that holds one, or numbers with names (`{"0": "bad", "1": "good"}`). */
function labelsIn(json: unknown): string[] | null {
  if (Array.isArray(json)) return json.every((each) => typeof each === 'string') && json.length > 0 ? json : null;
  if (!isRecord(json)) return null;
  for (const key of ['labels', 'classes', 'names', 'id2label', 'class_names']) {
    const found = key in json ? labelsIn(json[key]) : null;
    if (found) return found;
  }
  const entries = Object.entries(json);
  const numbered =
    entries.length > 1 && entries.every(([key, value]) => /^\d+$/.test(key) && typeof value === 'string');
  return numbered ? entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value as string) : null;
}

/** Class names in the file itself: Ultralytics and others write them as a Python or JSON literal. */
export function labelsInModel(properties: readonly { key?: string; value?: string }[]): string[] | null {
  for (const { key = '', value = '' } of properties) {
    if (!/^(names|labels|classes|class_names|id2label)$/i.test(key)) continue;
    const json = value.replaceAll("'", '"').replace(/([{,]\s*)(\d+)\s*:/g, '$1"$2":');
    try {
      const found = labelsIn(JSON.parse(json));
      if (found) return found;
    } catch {
      const list = value.split(/[,\n;]/).map((name) => name.trim());
      if (list.length > 1) return list;
    }
  }
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
