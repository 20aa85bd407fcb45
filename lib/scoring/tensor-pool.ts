import { inputShape } from './fit.ts';
import type { ModelInput } from './model-schema.ts';
import type { TensorInput } from './session.ts';

/** Two are in use at full load: one is run while the next one waits. More come and go with a burst. */
const spare = 2;

/**
 * Input tensors of one model in memory that two threads see, used again and again. A frame takes one when it is decoded and gives it back when
 * its run has answered, however late that is: until then nobody else writes into it.
 */
export class TensorPool {
  readonly #input: ModelInput;
  readonly #free: TensorInput[] = [];

  constructor(input: ModelInput) {
    this.#input = input;
  }

  /** What it holds is what an earlier frame left there. */
  take(): TensorInput {
    return this.#free.pop() ?? this.#make();
  }

  give(tensor: TensorInput): void {
    if (this.#free.length < spare) this.#free.push(tensor);
  }

  #make(): TensorInput {
    const shape = inputShape(this.#input);
    const count = shape.reduce((product, side) => product * side, 1);
    const data =
      this.#input.type === 'uint8'
        ? new Uint8Array(new SharedArrayBuffer(count))
        : new Float32Array(new SharedArrayBuffer(count * Float32Array.BYTES_PER_ELEMENT));
    return { data, shape };
  }
}
