#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { doctor, doctorUsage } from './doctor.ts';

/** A command: its line in the overview, and what it does with its own arguments. Resolves with the exit code. */
interface Command {
  summary: string;
  run(args: string[]): Promise<number>;
}

const commands: Record<string, Command> = {
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

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
