import assert from 'node:assert/strict';
import { decodePicture, encodeCommand } from '../../../lib/plc/reference/picture.ts';
import { stationBlock } from '../../../lib/plc/reference/station-block.ts';
import {
  type StationInput,
  type StationMemory,
  type StationOutput,
  stationMemory,
} from '../../../lib/plc/reference/station-io.ts';
import { machine, plcNames, sameOutputs } from './machines.ts';
import type { Instance, Value } from './types.ts';

export interface Words {
  registers: number[];
  ring: number[];
}

const dialects = ['tia', 'codesys'] as const;

/** FB_GoodpartStation three times: the reference and both dialects. Every output of every cycle must be the same. */
export class StationTrio {
  readonly memory: StationMemory = stationMemory();
  readonly #plcs: { name: (typeof dialects)[number]; instance: Instance; picture: Value; command: number[] }[];
  #cycle = 0;

  constructor() {
    this.#plcs = dialects.map((name) => ({
      name,
      instance: machine(name).instance('FB_GoodpartStation'),
      picture: machine(name).empty('ST_GoodpartPicture'),
      command: new Array<number>(41).fill(0),
    }));
  }

  call({ registers, ring }: Words, input: Omit<StationInput, 'picture'>): StationOutput {
    const picture = decodePicture(registers, ring);
    const out = stationBlock(this.memory, { ...input, picture });
    const expected = plcNames(out) as Record<string, Value>;
    const words = [...encodeCommand(out.command)];
    this.#cycle += 1;
    for (const plc of this.#plcs) {
      const { name, instance } = plc;
      const where = `${name}, cycle ${this.#cycle}`;
      machine(name).callFunction('FC_GoodpartDecode', { Registers: registers, Ring: ring, Picture: plc.picture });
      assert.deepEqual(plc.picture, picture, where);
      const inputs = { ...(plcNames(input) as Record<string, Value>), Picture: plc.picture };
      sameOutputs(expected, machine(name).call(instance, inputs), where);
      const { Command } = expected;
      machine(name).callFunction('FC_GoodpartEncode', { Command, Registers: plc.command });
      assert.deepEqual(plc.command, words, where);
    }
    return out;
  }
}
