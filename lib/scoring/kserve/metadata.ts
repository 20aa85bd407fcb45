import { z } from 'zod';
import { GoodpartError } from '../../core/errors.ts';
import { inputShape, shownShape } from '../fit.ts';
import type { ModelDescription } from '../model-schema.ts';
import type { TensorOutput } from '../session.ts';
import { datatypes } from './infer-message.ts';

const tensors = z
  .array(z.looseObject({ name: z.string(), datatype: z.string(), shape: z.array(z.int().min(-1)).max(8) }))
  .max(256)
  .nullish();

export const metadataSchema = z.looseObject({ name: z.string(), inputs: tensors, outputs: tensors });

/**
 * Says whether the model on a server takes and gives what ours does. What a server does not state (some list no inputs or outputs) is
 * left to the comparison of scores. Throws GP_MODEL_INVALID that names input or output, what was expected and what came.
 */
export function checkMetadata(
  url: string,
  model: ModelDescription,
  ours: Record<string, Pick<TensorOutput, 'shape'>>,
  metadata: z.infer<typeof metadataSchema>,
): void {
  const refuse = (what: string, expected: string, received: string) => {
    const short = received.slice(0, 200) || 'nothing';
    const text = `Expected ${expected} for ${what} of the model on ${url} but received ${short}`;
    return new GoodpartError('GP_MODEL_INVALID', text, { field: what, expected, received: short });
  };
  const names = (list: { name: string }[]) => list.map(({ name }) => name).join(', ');
  const { input } = model;
  const inputs = metadata.inputs ?? [];
  if (inputs.length > 0) {
    const found = inputs.find(({ name }) => name === input.name);
    if (found === undefined || inputs.length > 1) throw refuse('the inputs', `only ${input.name}`, names(inputs));
    const datatype = datatypes[input.type];
    if (found.datatype !== datatype) throw refuse(`the datatype of input ${input.name}`, datatype, found.datatype);
    const shape = inputShape(input);
    if (!fits(found.shape, shape))
      throw refuse(`the shape of input ${input.name}`, shownShape(shape), shownOpen(found.shape));
  }
  const outputs = metadata.outputs ?? [];
  if (outputs.length === 0) return;
  for (const [name, { shape }] of Object.entries(ours)) {
    const found = outputs.find((output) => output.name === name);
    if (found === undefined) throw refuse('the outputs', name, names(outputs));
    if (found.datatype !== datatypes.float32) {
      throw refuse(`the datatype of output ${name}`, datatypes.float32, found.datatype);
    }
    if (!fits(found.shape, shape))
      throw refuse(`the shape of output ${name}`, shownShape(shape), shownOpen(found.shape));
  }
}

/** A length of -1 is open: the batch, mostly. */
function fits(stated: readonly number[], shape: readonly number[]): boolean {
  return stated.length === shape.length && stated.every((length, axis) => length === -1 || length === shape[axis]);
}

const shownOpen = (shape: readonly number[]) => shownShape(shape.map((length) => (length === -1 ? null : length)));
