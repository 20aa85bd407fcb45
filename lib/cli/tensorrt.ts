import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { asGoodpartError } from '../core/errors.ts';
import { shownVersion } from '../scoring/tensorrt/addon.ts';
import { buildAddon, examineApart, findToolchain } from '../scoring/tensorrt/toolchain.ts';
import { type Answer, type CommandSpec, exitCodes, exitCodesHelp, type Given, UsageError } from './command.ts';

const usage = `goodpart tensorrt build [options]

Compiles the addon that runs models by TensorRT, on the device itself: with its compiler and the headers that JetPack (6.1 to 7.2)
and Node.js bring. Nothing is downloaded. Once for a device, and again after an update of Goodpart that says so.

  -u, --userDir DIR    Node-RED's user directory (default: $NODE_RED_HOME or ~/.node-red)
  --headers DIR        TensorRT's headers, where they are not where JetPack puts them
  --nodeHeaders DIR    Node.js's headers, where they are not beside Node.js
  --json               one JSON object instead of lines

${exitCodesHelp.split('\n')[0]}`;

export const tensorrtCommand: CommandSpec = {
  name: 'tensorrt',
  usage,
  files: 'build',
  options: {
    userDir: { type: 'string', short: 'u' },
    headers: { type: 'string' },
    nodeHeaders: { type: 'string' },
  },
  run: build,
};

/** Where a user directory has its addon and plans; the model node uses the same. */
export function tensorrtFolder(userDir: string): string {
  return join(userDir, 'goodpart/tensorrt');
}

async function build(given: Given): Promise<Answer> {
  if (given.files.join(' ') !== 'build') {
    throw new UsageError(
      `Expected build behind goodpart tensorrt but received ${JSON.stringify(given.files.join(' '))}`,
    );
  }
  const userDir = resolve(given.text('userDir') ?? process.env.NODE_RED_HOME ?? join(homedir(), '.node-red'));
  const where = { headers: given.text('headers'), nodeHeaders: given.text('nodeHeaders') };
  const { lacks } = findToolchain(where);
  if (lacks.length > 0) {
    const lines = lacks.map(({ what, advice }) => `missing  ${what}\n         ${advice}`);
    return { json: { ok: false, lacks }, text: lines.join('\n'), code: exitCodes.no };
  }
  const folder = tensorrtFolder(userDir);
  const file = await buildAddon(folder, where);
  try {
    const machine = await examineApart(folder);
    const text = `built    ${file}\nfound    TensorRT ${shownVersion(machine.tensorrt)} on ${machine.gpu}\n\nRestart Node-RED to use it.`;
    return { json: { ok: true, file, machine }, text, code: exitCodes.done };
  } catch (thrown) {
    const error = asGoodpartError(thrown);
    const text = `built    ${file}\nmissing  ${error.message}`;
    return { json: { ok: false, file, error: error.toJSON() }, text, code: exitCodes.no };
  }
}
