import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, totalmem } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cameraChecks } from './camera-checks.ts';
import { genicamCheck } from './genicam-check.ts';
import { tensorrtCheck } from './tensorrt-check.ts';
import { atLeast } from './versions.ts';

export interface Check {
  name: string;
  /** `missing` prevents inspecting; `note` is worth knowing. */
  state: 'ok' | 'note' | 'missing';
  found: string;
  /** What to do about it; empty where there is nothing to do. */
  advice: string;
}

export interface Surroundings {
  userDir: string;
}

interface NamedCheck {
  name: string;
  check(where: Surroundings): Promise<Omit<Check, 'name'>> | Omit<Check, 'name'>;
}

const ours = '@goodpart/node-red-inspection';
const run = promisify(execFile);

interface Manifest {
  name: string;
  version: string;
  engines: { node: string };
  'node-red': { version: string };
}

/** This package's own package.json, whether it runs from dist or installed. */
function ownManifest(): Manifest {
  return JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8')) as Manifest;
}

const lowest = (range: string) => range.replace(/^>=\s*/, '');
const ok = (found: string): Omit<Check, 'name'> => ({ state: 'ok', found, advice: '' });
const note = (found: string, advice: string): Omit<Check, 'name'> => ({ state: 'note', found, advice });
const missing = (found: string, advice: string): Omit<Check, 'name'> => ({ state: 'missing', found, advice });

/** Folders that may hold node_modules/node-red: the user directory, here, and beside the `node-red` command. */
function nodeRedManifest(userDir: string): { version: string } | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, '../lib'));
  const beside = [join(dirname(process.execPath), '../lib'), '/usr/lib', '/usr/local/lib'];
  for (const folder of [userDir, process.cwd(), join(__dirname, '../../..'), ...onPath, ...beside]) {
    const file = join(folder, 'node_modules/node-red/package.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  }
  return undefined;
}

/** Loads a native module in a process of its own: one that crashes must not take the doctor with it. */
async function inChild(script: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--no-warnings', '-e', script], { cwd: __dirname, timeout: 60_000 });
  return stdout.trim();
}

/** A dependency's version; not every package lets its package.json be required. */
function versionOf(module: string): string {
  let folder = dirname(createRequire(__filename).resolve(module));
  while (!folder.endsWith(join('node_modules', module))) {
    if (folder === dirname(folder)) return 'version unknown';
    folder = dirname(folder);
  }
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

async function nativeModule(module: string, script: string, loses: string): Promise<Omit<Check, 'name'>> {
  try {
    return ok(`${versionOf(module)}, ${await inChild(script)}`);
  } catch (error) {
    const text =
      error instanceof Error ? (error.message.split('\n').find((line) => /Error/.test(line)) ?? error.message) : '';
    return missing(text.slice(0, 200), `${loses} Install again in the user directory: npm install ${ours}`);
  }
}

/** In the order in which a person should read them. To add one: one entry here, one line in the test. */
export const checks: NamedCheck[] = [
  {
    name: 'Node.js',
    check: () => {
      const need = lowest(ownManifest().engines.node);
      const advice = `Node.js ${need} or newer is needed: nodejs.org, or NodeSource for Debian and Ubuntu.`;
      return atLeast(process.version, need)
        ? ok(`${process.version} ${process.execPath}`)
        : missing(process.version, advice);
    },
  },
  {
    name: 'Node-RED',
    check: ({ userDir }) => {
      const need = lowest(ownManifest()['node-red'].version);
      const found = nodeRedManifest(userDir);
      if (!found)
        return missing('not found', `Node-RED ${need} or newer is needed: npm install -g --unsafe-perm node-red`);
      return atLeast(found.version, need) ? ok(found.version) : missing(found.version, `${need} or newer is needed.`);
    },
  },
  {
    name: 'Goodpart',
    check: ({ userDir }) => {
      const file = join(userDir, 'node_modules', ours, 'package.json');
      const { version } = ownManifest();
      if (!existsSync(file))
        return note(`${version}, not in the user directory`, `cd ${userDir} && npm install ${ours}`);
      const installed = (JSON.parse(readFileSync(file, 'utf8')) as Manifest).version;
      if (installed === version) return ok(installed);
      return note(
        `${installed} in the user directory, this is ${version}`,
        'Two versions: restart Node-RED after updating.',
      );
    },
  },
  {
    name: 'user directory',
    check: ({ userDir }) => {
      if (!existsSync(userDir))
        return missing('does not exist', 'Start Node-RED once, or name the right one with --userDir.');
      try {
        accessSync(userDir, constants.W_OK);
      } catch {
        return missing('not writable', `Run as the user that Node-RED runs as, or give that user ${userDir}.`);
      }
      const { bavail, bsize } = statfsSync(userDir);
      const free = (bavail * bsize) / 2 ** 30;
      const found = `${free.toFixed(1)} GiB free`;
      return free >= 2 ? ok(found) : note(found, 'Evidence needs room: 2 GiB or more, better a disk of its own.');
    },
  },
  {
    name: 'pictures (sharp)',
    check: () =>
      nativeModule(
        'sharp',
        "const {format}=require('sharp');process.stdout.write(['jpeg','png','tiff','webp'].filter((f)=>format[f].input.buffer).join(' '))",
        'Pictures cannot be decoded.',
      ),
  },
  {
    name: 'engine (CPU)',
    check: () =>
      nativeModule(
        'onnxruntime-node',
        "const b=require('onnxruntime-node').listSupportedBackends();process.stdout.write(b.filter((x)=>x.bundled).map((x)=>x.name).join(' '))",
        'Models cannot be run.',
      ),
  },
  {
    name: 'engine (TensorRT)',
    check: ({ userDir }) => tensorrtCheck(userDir),
  },
  ...cameraChecks,
  {
    name: 'OPC UA',
    check: () =>
      nativeModule('node-opcua', "require.resolve('node-opcua');process.stdout.write('found')", 'No OPC UA.'),
  },
  {
    name: 'Modbus',
    check: () => nativeModule('modbus-serial', "require('modbus-serial');process.stdout.write('loads')", 'No Modbus.'),
  },
  { name: genicamCheck.name, check: () => genicamCheck.check() },
  {
    name: 'no orphans (setpriv)',
    check: () =>
      ['/usr/bin/setpriv', '/bin/setpriv'].some(existsSync)
        ? ok('found')
        : note('not found', 'A busy helper may outlive a killed Node-RED for a while: sudo apt install util-linux'),
  },
  {
    name: 'clock',
    check: async () => {
      const asked = run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], { timeout: 5_000 });
      const answer = await asked.then(({ stdout }) => stdout.trim()).catch(() => 'unknown');
      if (answer === 'yes') return ok('synchronised');
      const advice = 'Records carry this time: synchronise it, for instance sudo apt install systemd-timesyncd';
      return note(answer === 'no' ? 'not synchronised' : 'cannot tell whether it is synchronised', advice);
    },
  },
  {
    name: 'machine',
    check: () => {
      const gib = totalmem() / 2 ** 30;
      const found = `${process.platform} ${arch()}, ${cpus().length} cores, ${gib.toFixed(1)} GiB memory`;
      if (process.platform !== 'linux') return note(found, 'Only Linux is tested.');
      return gib >= 3 ? ok(found) : note(found, 'Learning needs about 2 GiB beside Node-RED.');
    },
  },
];
