import { GoodpartError } from '../../core/errors.ts';
import { checkGraph, type RawScore, readOutputs, toTensor } from '../fit.ts';
import type { ModelDescription, ModelInput } from '../model-schema.ts';
import { RunThread } from '../run-thread.ts';
import type { TensorInput, TensorOutput } from '../session.ts';

/** What a model must answer, worked out here on the CPU. */
export interface Probe {
  tensor: TensorInput;
  outputs: Record<string, TensorOutput>;
}

/** As TensorRT is admitted: beyond 1 % it is another model, or one that was changed. */
const tolerance = 0.01;

/**
 * Runs the model once on this machine, on a picture with something of everything. The graph is gone again afterwards: the servers hold it.
 * Throws GP_MODEL_INVALID where files and graph do not fit.
 */
export async function probeOf(model: ModelDescription, onnx: Uint8Array): Promise<Probe> {
  let fatal: (error: Error) => void = () => {};
  const ended = new Promise<never>((_, reject) => {
    fatal = reject;
  });
  const thread = new RunThread(fatal);
  const work = async (): Promise<Probe> => {
    const key = 'probe';
    const opened = await thread.call('open', { key, bytes: onnx, model, threads: 1 });
    checkGraph(model, opened.inputs, opened.outputs);
    const tensor = toTensor(probePicture(model.input), model.input);
    const feeds = { [model.input.name]: tensor };
    const { outputs } = await thread.call('run', { key, feeds, deadline: Number.MAX_VALUE });
    readOutputs(model, outputs);
    await thread.call('close', { key });
    return { tensor, outputs };
  };
  try {
    return await Promise.race([work(), ended]);
  } finally {
    await Promise.race([thread.end(), ended]).catch(() => {});
  }
}

/** Levels of a slope with grain on it, the same for everybody. */
function probePicture({ width, height, channels }: ModelInput): Uint8Array {
  return Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    const slope = (pixel % width) / width + Math.floor(pixel / width) / height;
    const grain = (Math.imul(i + 1, 2_654_435_761) >>> 24) - 128;
    return Math.round(Math.max(0, Math.min(255, 40 + slope * 80 + grain * 0.4)));
  });
}

/**
 * Throws GP_MODEL_INVALID with both figures where a server's answer to the probe differs by more than 1 % of the score, or of the way from
 * the median to the fail limit where that is more.
 */
export function checkProbe(
  url: string,
  model: ModelDescription,
  probe: Probe,
  given: Record<string, TensorOutput>,
): void {
  const ours = readOutputs(model, probe.outputs);
  const theirs = readAs(url, model, given);
  const { median, fail } = model.calibration;
  const differs = (a: number, b: number) => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) !== Number.isNaN(b);
    return a !== b && !(Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(ours.score) || 0, fail - median));
  };
  const refuse = (what: string, expected: number | string, received: number | string) => {
    const text =
      `Expected the scores of ${model.name} version ${model.version} from the model on ${url} but received others: ` +
      `${what} ${received} instead of ${expected} on the same picture`;
    return new GoodpartError('GP_MODEL_INVALID', text, {
      field: 'model',
      expected: String(expected),
      received: String(received),
    });
  };
  if (differs(ours.score, theirs.score)) throw refuse('score', ours.score, theirs.score);
  const [a, b] = [ours.map, theirs.map];
  if (a?.width !== b?.width || a?.height !== b?.height) {
    throw refuse('a map of', `${a?.width}x${a?.height}`, `${b?.width}x${b?.height}`);
  }
  const cell = a?.values.findIndex((value, i) => differs(value, b?.values[i] ?? Number.NaN)) ?? -1;
  if (a && b && cell >= 0) throw refuse(`map cell ${cell}`, a.values[cell], b.values[cell]);
  const apart = (one: number, other = Number.NaN) => !(Math.abs(one - other) <= tolerance) && !Object.is(one, other);
  const named = ours.classes?.findIndex((probability, i) => apart(probability, theirs.classes?.[i])) ?? -1;
  if (named >= 0) throw refuse(`class ${named}`, ours.classes?.[named] ?? 'none', theirs.classes?.[named] ?? 'none');
}

function readAs(url: string, model: ModelDescription, given: Record<string, TensorOutput>): RawScore {
  try {
    return readOutputs(model, given);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new GoodpartError('GP_MODEL_INVALID', `The model on ${url} does not fit: ${why}`, { cause: thrown });
  }
}
