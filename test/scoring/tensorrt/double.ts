import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compilerArguments, type IncludeFolders } from '../../../lib/scoring/tensorrt/compile.ts';
import { repositoryRoot } from '../../kit/needs.ts';

/** Folder of NVIDIA's public headers (NvInfer.h and kin, NvOnnxParser.h), which are never part of the repository. */
export const headers = process.env.GOODPART_TENSORRT_HEADERS ?? '';

/** Whether what the double is made of is here: the headers, a compiler, Node's and node-addon-api's headers. */
export const canBuild =
  existsSync(join(headers, 'NvInfer.h')) && existsSync(join(headers, 'NvOnnxParser.h')) && hasCompiler();

export const addonSources = join(repositoryRoot, 'lib/scoring/tensorrt/addon');
export const doubleSources = join(repositoryRoot, 'test/scoring/tensorrt/double');

/** What crosses the libraries' border and is doubled in part; a call of the rest ends the process and says its name. */
const doubled = [
  ...['HostMemory', 'Runtime', 'CudaEngine', 'ExecutionContext'],
  ...['Tensor', 'NetworkDefinition', 'BuilderConfig', 'Builder'],
];

function hasCompiler(): boolean {
  try {
    execFileSync('g++', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * The public headers with a body for every function that the double leaves out: the tables of functions keep NVIDIA's layout,
 * whatever the version.
 */
function writeHeaders(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(headers))
    if (file.endsWith('.h')) copyFileSync(join(headers, file), join(folder, file));
  const shim = join(addonSources, 'shim/cuda_runtime_api.h');
  copyFileSync(shim, join(folder, 'cuda_runtime_api.h'));
  const read = (file: string) => readFileSync(join(headers, file), 'utf8');
  const stub = (text: string) =>
    text.replace(/(\)(?:\s*const)?(?:\s*noexcept)?)\s*= 0;/g, '$1 { twin::unexpected(__func__); }');
  const withDouble = (text: string) => `#include "double.h"\n${text}`;
  // a body needs the type that the declaration only names
  const runtime = read('NvInferRuntime.h');
  const weights = /^class Weights\n\{[\s\S]*?^\};/m.exec(runtime)?.[0] ?? '';
  writeFileSync(join(folder, 'NvInferRuntime.h'), runtime.replace(weights, ''));
  const impl = read('NvInferImpl.h')
    .replace(/^(class|struct) Weights;/m, weights)
    .replace(/^class V(\w+) : public VRoot\n\{[\s\S]*?^\};/gm, (text, name: string) =>
      doubled.includes(name) ? stub(text) : text,
    );
  writeFileSync(join(folder, 'NvInferImpl.h'), withDouble(impl));
  writeFileSync(join(folder, 'NvOnnxParser.h'), withDouble(stub(read('NvOnnxParser.h'))));
}

/** Compiles the three libraries into a folder, which is then a LD_LIBRARY_PATH. */
export function buildDouble(folder: string, flags: string[] = []): void {
  const include = join(folder, 'include');
  writeHeaders(include);
  const libraries = { cuda: 'libcuda.so.1', nvinfer: 'libnvinfer.so.10', parser: 'libnvonnxparser.so.10' };
  for (const [source, library] of Object.entries(libraries)) {
    const output = ['-o', join(folder, library)];
    const all = ['-std=c++17', '-g', '-O1', '-fPIC', '-shared', '-w', `-I${doubleSources}`, `-I${include}`, ...flags];
    execFileSync('g++', [...all, join(doubleSources, `${source}.cc`), ...output], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
}

/** The addon's headers on this machine; node-addon-api is a development dependency. */
export function includeFolders(): IncludeFolders {
  return {
    tensorrt: headers,
    node: join(dirname(process.execPath), '../include/node'),
    nodeAddonApi: join(repositoryRoot, 'node_modules/node-addon-api'),
  };
}

/** Compiles the addon, by the compiler's arguments that are used on a device and `flags`. */
export function buildAddon(output: string, flags: string[] = []): void {
  const all = compilerArguments(includeFolders(), output, { folder: addonSources, flags });
  execFileSync('g++', all, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Compiles the life without Node: addon and steps in one program. */
export function buildLife(output: string, flags: string[] = []): void {
  const sources = [join(doubleSources, 'life.cc'), join(addonSources, 'plan.cc'), join(addonSources, 'device.cc')];
  const include = [`-I${addonSources}`, `-I${join(addonSources, 'shim')}`, '-isystem', headers];
  const all = ['-std=c++17', '-g', '-w', ...include, ...flags, ...sources, '-ldl', '-lpthread', '-o', output];
  execFileSync('g++', all, { stdio: ['ignore', 'ignore', 'inherit'] });
}
