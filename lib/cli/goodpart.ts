#!/usr/bin/env node
import { parseArgs } from 'node:util';
import type { CommandSpec } from './command.ts';
import { doctor, doctorUsage } from './doctor.ts';
import { atLeast } from './versions.ts';

/** A command: its line in the overview, and what it does with its own arguments. Resolves with the exit code. */
interface Command {
  summary: string;
  run(args: string[]): Promise<number>;
}

/** The lowest Node that package.json promises to run on; doctor itself must start on an older one. */
const lowestNode = '22.13';

/** A command whose modules are loaded when it is asked for: some are native, and most need a newer Node than doctor. */
function later(summary: string, load: () => Promise<CommandSpec>): Command {
  return {
    summary,
    run: async (args) => {
      if (!atLeast(process.version, lowestNode)) {
        console.error(
          `Expected Node.js ${lowestNode} or newer but this is ${process.version}; goodpart doctor tells more`,
        );
        return 3;
      }
      const { runCommand } = await import('./command.ts');
      return runCommand(await load(), args);
    },
  };
}

const commands: Record<string, Command> = {
  learn: later('good pictures in, a model and its limits out', async () => (await import('./learn.ts')).learnCommand),
  evaluate: later(
    'how well a model tells defects from good parts, on labelled pictures',
    async () => (await import('./evaluate.ts')).evaluateCommand,
  ),
  inspect: later('what a model says of pictures', async () => (await import('./inspect.ts')).inspectCommand),
  import: later(
    'a model trained elsewhere (anomalib, any map or score, a classifier) becomes one of ours',
    async () => (await import('./import.ts')).importCommand,
  ),
  export: later(
    'a version of a model into a repository of Triton Inference Server',
    async () => (await import('./export.ts')).exportCommand,
  ),
  frames: later(
    'good frames of a video as pictures to learn from',
    async () => (await import('./frames.ts')).framesCommand,
  ),
  versions: later(
    'every version of every model, what it was made of, and where it is live, in shadow or waiting',
    async () => (await import('./lineage.ts')).versionsCommand,
  ),
  shadow: later(
    'a version runs beside the live one of a running station and is compared with it',
    async () => (await import('./promotion.ts')).shadowCommand,
  ),
  promote: later(
    'the version in shadow becomes the live one',
    async () => (await import('./promotion.ts')).promoteCommand,
  ),
  rollback: later(
    'back to the version that was live before',
    async () => (await import('./promotion.ts')).rollbackCommand,
  ),
  plc: later(
    'a simulated PLC and conveyor at your desk, to try the handshake with a station and every fault',
    async () => (await import('./plc.ts')).plcCommand,
  ),
  tensorrt: later(
    'compiles what runs models by TensorRT, on the device itself',
    async () => (await import('./tensorrt.ts')).tensorrtCommand,
  ),
  doctor: {
    summary: 'is everything here that an inspection station needs, and how to get what is missing',
    run: async (args) => {
      const { values } = parseArgs({
        args,
        options: {
          json: { type: 'boolean', default: false },
          userDir: { type: 'string', short: 'u' },
          help: { type: 'boolean', short: 'h', default: false },
        },
      });
      if (values.help) {
        console.log(doctorUsage);
        return 0;
      }
      return doctor({ json: values.json, userDir: values.userDir });
    },
  },
};

function usage(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`);
  return `goodpart <command> [options]\n\n${lines.join('\n')}\n\ngoodpart <command> --help tells its options.`;
}

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(usage());
    return name === undefined ? 2 : 0;
  }
  if (!Object.hasOwn(commands, name)) {
    console.error(
      `Expected one of ${Object.keys(commands).join(', ')} but received ${JSON.stringify(name)}\n\n${usage()}`,
    );
    return 2;
  }
  return commands[name].run(args);
}

// Where nothing is left to wait for before there is an answer (a helper that died), node would end with 0: done.
process.exitCode = 3;
let answered = false;
process.once('exit', () => {
  if (!answered) console.error('goodpart: ended before there was an answer; please report this');
});

main(process.argv.slice(2)).then(
  (code) => {
    answered = true;
    process.exitCode = code;
  },
  (error: unknown) => {
    answered = true;
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
