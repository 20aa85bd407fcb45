import { resolve } from 'node:path';
import { addToTriton } from '../scoring/kserve/triton-repository.ts';
import { type Answer, type CommandSpec, exitCodes, exitCodesHelp, type Given, type OptionTable } from './command.ts';

const usage = `goodpart export --model DIR --triton DIR [options]

Adds a version of a model to a model repository of NVIDIA Triton Inference Server, for stations
whose model node runs on inference servers: NAME/config.pbtxt and NAME/VERSION/model.onnx, the very
file. Decoding, scaling and finding the part stay with the station.

  --model DIR              folder of a version: model.onnx and model.json
  --triton DIR             the repository; made where it is not there. A config.pbtxt that is there
                           is kept if its inputs and outputs are the model's
  --name NAME              the model's name in Triton; default: its name
  --as-version N           its version in Triton; default: its version
  --json                   one JSON object: name, version, files

${exitCodesHelp}`;

const options: OptionTable = Object.fromEntries(
  ['model', 'triton', 'name', 'as-version'].map((name) => [name, { type: 'string' as const }]),
);

export const exportCommand: CommandSpec = { name: 'export', usage, options, run };

async function run(given: Given): Promise<Answer> {
  const dir = resolve(given.needed('model', 'the folder of a model'));
  const repository = resolve(given.needed('triton', 'the folder of a Triton model repository'));
  const name = given.text('name');
  const version = given.text('as-version');
  const added = await addToTriton(repository, dir, { ...(name && { name }), ...(version && { version }) });
  return {
    json: { ok: true, triton: repository, ...added },
    text: [
      `Added to ${repository}: ${added.files.join(', ')}`,
      `In the model node: runs on inference servers, model ${added.name}, version ${added.version}.`,
    ].join('\n'),
    code: exitCodes.done,
  };
}
