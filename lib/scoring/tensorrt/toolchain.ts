import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, realpathSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { GoodpartError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { addonFile, type Examined } from './addon.ts';
import { compilerArguments, sourceFolder } from './compile.ts';

const run = promisify(execFile);
const compileMs = 10 * 60_000;
const examineMs = 60_000;

export interface Toolchain {
  compiler: string;
  tensorrt: string;
  node: string;
}

/** What is not here, and how to get it. */
export interface Lack {
  what: string;
  advice: string;
}

export interface Given {
  /** Folders to look in before the usual ones. */
  headers?: string;
  nodeHeaders?: string;
}

const tensorrtFolders = [
  ...['/usr/include/aarch64-linux-gnu', '/usr/include/x86_64-linux-gnu', '/usr/include'],
  ...['/usr/local/tensorrt/include', '/opt/tensorrt/include', '/usr/local/include'],
];

/** Looks for all that compiling the addon needs; what JetPack brings lies where it is looked for. */
export function findToolchain(given: Given = {}): { found: Partial<Toolchain>; lacks: Lack[] } {
  const lacks: Lack[] = [];
  const compiler = onPath(process.env.CXX ? [process.env.CXX] : ['g++', 'c++', 'clang++']);
  if (compiler === undefined) lacks.push({ what: 'a C++ compiler', advice: 'sudo apt install g++' });
  const tensorrt = folderWith(['NvInfer.h', 'NvInferVersion.h', 'NvOnnxParser.h'], [given.headers, ...tensorrtFolders]);
  const major = tensorrt && majorOf(tensorrt);
  if (tensorrt === undefined) {
    const advice =
      'sudo apt install libnvinfer-headers-dev libnvonnxparsers-dev (JetPack has them), or name their folder: --headers DIR';
    lacks.push({ what: "TensorRT's headers (NvInfer.h, NvOnnxParser.h)", advice });
  } else if (major !== 10) {
    const advice = 'JetPack 6.1 to 7.2 bring TensorRT 10.';
    lacks.push({ what: `TensorRT 10's headers: those in ${tensorrt} are of TensorRT ${major ?? 'unknown'}`, advice });
  }
  const beside = join(dirname(realpathSync(process.execPath)), '../include/node');
  const node = folderWith(['node_api.h'], [given.nodeHeaders, beside, '/usr/include/node', '/usr/include/nodejs/src']);
  if (node === undefined) {
    const advice =
      'Node.js of nodejs.org and NodeSource brings them, Debian: sudo apt install libnode-dev, or --nodeHeaders DIR';
    lacks.push({ what: "Node.js's headers (node_api.h)", advice });
  }
  return { found: { compiler, tensorrt, node }, lacks };
}

/**
 * Compiles the addon into `folder` and removes former ones; the name is there only once it is whole. Throws GP_TOOL_MISSING with all that is
 * missing, GP_INTERNAL with the compiler's first error.
 */
export async function buildAddon(folder: string, given: Given = {}): Promise<string> {
  const { found, lacks } = findToolchain(given);
  const { compiler, tensorrt, node } = found;
  if (lacks.length > 0 || !compiler || !tensorrt || !node) throw lacking(lacks);
  await mkdir(folder, { recursive: true });
  const file = addonFile(folder);
  const staging = join(folder, `.${newId()}.node`);
  const include = { tensorrt, node, nodeAddonApi: join(sourceFolder, 'node-addon-api') };
  try {
    await run(compiler, compilerArguments(include, staging), { timeout: compileMs, maxBuffer: 2 ** 24 });
    await rename(staging, file);
  } catch (cause) {
    const output = String((cause as { stderr?: unknown }).stderr ?? '') || String(cause);
    const first = output.split('\n').find((line) => /\berror\b/i.test(line)) ?? output.split('\n')[0];
    throw new GoodpartError('GP_INTERNAL', `${compiler} could not compile the addon: ${first.slice(0, 300)}`, {
      cause,
    });
  } finally {
    await rm(staging, { force: true });
  }
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (/^addon-.*\.node$/.test(name) && path !== file) await rm(path, { force: true });
  }
  return file;
}

export function lacking(lacks: Lack[]): GoodpartError {
  const text = lacks.map(({ what, advice }) => `${what} (${advice})`).join('; ');
  return new GoodpartError('GP_TOOL_MISSING', `Missing: ${text}`);
}

/** What the addon sees of this machine, asked in a process of its own, which may crash. Throws GP_TENSORRT_MISSING. */
export async function examineApart(folder: string): Promise<Examined> {
  const script = `const {loadAddon,addonError}=require(${JSON.stringify(join(__dirname, 'addon.js'))});
Promise.resolve().then(()=>loadAddon(${JSON.stringify(folder)}).examine())
.then((found)=>({found}),(thrown)=>({error:addonError(thrown).error.toJSON()}))
.then((answer)=>process.stdout.write('\\n'+JSON.stringify(answer)))`;
  let stdout: string;
  try {
    ({ stdout } = await run(process.execPath, ['--no-warnings', '-e', script], { timeout: examineMs }));
  } catch (cause) {
    const text = 'a process that asked TensorRT ended before it had an answer';
    throw new GoodpartError('GP_TENSORRT_MISSING', `TensorRT cannot be used: ${text}`, { cause });
  }
  const answer = JSON.parse(stdout.split('\n').at(-1) ?? '') as { found?: Examined; error?: Record<string, unknown> };
  if (answer.found) return answer.found;
  throw GoodpartError.fromJSON(answer.error ?? {});
}

function folderWith(files: string[], folders: (string | undefined)[]): string | undefined {
  return folders.find((folder) => folder !== undefined && files.every((file) => existsSync(join(folder, file))));
}

/** Later headers define NV_TENSORRT_MAJOR by another name. */
function majorOf(folder: string): number | undefined {
  const text = readFileSync(join(folder, 'NvInferVersion.h'), 'utf8');
  const found = /#define (?:NV_TENSORRT_MAJOR|TRT_MAJOR_ENTERPRISE) (\d+)/.exec(text);
  return found ? Number(found[1]) : undefined;
}

function onPath(names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = names.flatMap((name) => (name.includes('/') ? [name] : folders.map((folder) => join(folder, name))));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
