import { trackBlock } from '../../../lib/plc/reference/track-block.ts';
import {
  type TrackInput,
  type TrackMemory,
  type TrackOutput,
  trackMemory,
} from '../../../lib/plc/reference/track-io.ts';
import { machine, plcNames, sameOutputs } from './machines.ts';
import type { Instance, Value } from './types.ts';

const dialects = ['tia', 'codesys'] as const;

/** FB_GoodpartTrack three times: the reference and both dialects. Every output of every cycle must be the same. */
export class TrackTrio {
  readonly memory: TrackMemory = trackMemory();
  readonly #plcs: { name: (typeof dialects)[number]; instance: Instance }[] = dialects.map((name) => ({
    name,
    instance: machine(name).instance('FB_GoodpartTrack'),
  }));
  #cycle = 0;

  call(input: TrackInput): TrackOutput {
    const out = trackBlock(this.memory, input);
    const expected = plcNames(out) as Record<string, Value>;
    const inputs = plcNames(input) as Record<string, Value>;
    this.#cycle += 1;
    for (const { name, instance } of this.#plcs) {
      sameOutputs(expected, machine(name).call(instance, inputs), `${name}, cycle ${this.#cycle}`);
    }
    return out;
  }
}
